/** The environment variables that make a program export its calls to a receiver. */

const PROTOCOL = 'http/protobuf';
/** Calls are exported this often, ms, so that a running total and a limit are current. The usual 5 s would be late. */
const EXPORT_MS = '100';

/** @param endpoint of the receiver, without a path. */
export function exporterEnvironment(endpoint: string, token: string): Record<string, string> {
  const headers = `Authorization=Bearer ${token}`;
  // Variables of a signal win over the general ones, so both are set.
  const signals = ['LOGS', 'TRACES', 'METRICS'].map((signal) => ({
    [`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]: `${endpoint}/v1/${signal.toLowerCase()}`,
    [`OTEL_EXPORTER_OTLP_${signal}_HEADERS`]: headers,
    [`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`]: PROTOCOL,
  }));
  return Object.assign(
    {
      OTEL_SDK_DISABLED: 'false',
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: headers,
      OTEL_EXPORTER_OTLP_PROTOCOL: PROTOCOL,
      OTEL_BLRP_SCHEDULE_DELAY: EXPORT_MS,
      OTEL_BSP_SCHEDULE_DELAY: EXPORT_MS,
      CLAUDE_CODE_ENABLE_TELEMETRY: '1',
      OTEL_LOGS_EXPORT_INTERVAL: EXPORT_MS,
      GEMINI_TELEMETRY_ENABLED: 'true',
      GEMINI_TELEMETRY_TARGET: 'local',
      // It has no setting for headers, so the token is part of the address.
      GEMINI_TELEMETRY_OTLP_ENDPOINT: `${endpoint}/${token}/`,
      GEMINI_TELEMETRY_OTLP_PROTOCOL: 'http',
      GEMINI_TELEMETRY_LOG_PROMPTS: 'false',
      COPILOT_OTEL_ENABLED: 'true',
    },
    ...signals,
  ) as Record<string, string>;
}

/** The user's own collector, as its environment variables name it: the receiver forwards to it. */
export interface Collector {
  /** Without `/v1/logs`. */
  endpoint: string;
  headers: Record<string, string>;
  /** false: it is reached by gRPC, which we do not speak. */
  isHttp: boolean;
}

export function ownCollector(env: Readonly<Record<string, string | undefined>>): Collector | undefined {
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT'] ?? '';
  if (!URL.canParse(endpoint)) return undefined;
  const protocol = env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_LOGS_PROTOCOL'] ?? '';
  const headers = env['OTEL_EXPORTER_OTLP_HEADERS'] ?? env['OTEL_EXPORTER_OTLP_LOGS_HEADERS'] ?? '';
  return {
    endpoint: endpoint.replace(/\/v1\/logs\/?$/, ''),
    headers: Object.fromEntries(headers.split(',').flatMap(headerOf)),
    isHttp: protocol !== 'grpc' && /^https?:/.test(endpoint),
  };
}

/** `name=value`, with percent-encoded parts. */
function headerOf(pair: string): [name: string, value: string][] {
  const at = pair.indexOf('=');
  if (at <= 0) return [];
  const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  try {
    return [[decodeURIComponent(name), decodeURIComponent(value)]];
  } catch {
    return [[name, value]];
  }
}
