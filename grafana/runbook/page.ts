/** The runbook as a page that Prometheus itself serves, so that an alert's link works wherever the alert does. */

const STYLE =
  'body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; } ' +
  ':root { color-scheme: light dark; } code { font-size: 0.95em; } :target { background: #ff983055; } ' +
  'table { border-collapse: collapse; } td, th { padding: 0.2rem 0.8rem 0.2rem 0; text-align: left; }';

/** Each heading can be linked to by its words in small letters: `## FlashSaleOversold` is `#flashsaleoversold`. */
export function runbookPage(markdown: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Flash sale: runbook</title>
<style>${STYLE}</style>
</head>
<body>
${Bun.markdown.html(markdown, { headings: { ids: true } })}</body>
</html>
`;
}
