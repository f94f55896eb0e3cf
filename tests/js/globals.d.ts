/** What the page's own modules, Gradio's scripts and tests set on `window`; see main.js. For tsc alone: nothing loads this file. */
interface Window {
  hypviz: Record<string, unknown>;
  hypvizExplorer?: { goTo(query: { row: number }): Promise<void> };
  hypvizAnnotator?: { openData(data: string, image?: number, key?: string | null): Promise<void>; follow(): void };
  /** Opens other data or another checkpoint; null keeps the present one, and two of them only make the pickers read their lists anew. */
  hypvizOpen?: (data: string | null, checkpoint: string | null) => void;
  /** What the offline page lets tests and the console ask. */
  hypvizOffline?: unknown;
  hypvizPublished?: unknown;
  hypvizReach?: unknown;
  /** plotly.js, which the page loads before its modules. */
  Plotly: import("../../assets/disk/plotly.js").Plotly;
}
