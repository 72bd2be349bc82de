import { Client } from 'pg';

/**
 * Closes the connection when the server did not admit it, or wants a password that there is not. Otherwise it would stay open until
 * the server gives up after a minute, and the process with it.
 */
export class ClosingClient extends Client {
  override connect(): Promise<Client>;
  override connect(callback: (error: Error | null, client: Client) => void): void;
  override connect(callback?: (error: Error | null, client: Client) => void): Promise<Client> | void {
    if (callback === undefined) return super.connect();
    super.connect((error: Error | null, client: Client) => {
      if (error) this.end(() => undefined);
      callback(error, client);
    });
  }
}
