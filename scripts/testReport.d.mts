export interface Failure {
  title: string;
  error: string;
}
export interface Report {
  passed: string[];
  skipped: string[];
  failed: Failure[];
}
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  failures: Failure[];
}
interface End {
  stage: string;
  code: number;
  output: string;
}
export function countTests(report: Partial<Report>, end: End): Counts;
export function failureLines(failures: readonly Failure[]): string[];
export const ERROR_LINES: number;
