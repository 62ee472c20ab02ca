// Colours of cells: from the surface of the page to one strong colour, with text that is legible.

const channels = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));

function themeColor(name) {
  return channels(getComputedStyle(document.documentElement).getPropertyValue(name).trim());
}

// Relative luminance, and contrast: WCAG 2.2.
function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => c / 255).map((c) =>
    (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function legible(rgb) {
  const light = luminance(rgb);
  return (light + 0.05) / 0.05 > 1.05 / (light + 0.05) ? '#000' : '#fff';
}

function shade(share) {
  const [from, to] = [themeColor('--surface'), themeColor('--strong')];
  const rgb = from.map((c, k) => Math.round(c + (to[k] - c) * Math.min(1, Math.max(0, share))));
  return { background: `rgb(${rgb.join(' ')})`, color: legible(rgb) };
}

// Where a figure stands between the worst (0) and the best (1) that is shown.
function goodness(figure, value, shown) {
  if (figure.most) return value / figure.most;
  const scaled = figure.log ? (x) => Math.log(Math.max(x, 1e-300)) : (x) => x;
  const ends = shown.length ? [Math.min(...shown), Math.max(...shown)] : [1, 1];
  const [low, high] = ends.map(scaled);
  const place = high > low ? (scaled(value) - low) / (high - low) : 0;
  return figure.less ? 1 - place : place;
}
