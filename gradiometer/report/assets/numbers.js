// Numbers as people read them, as `quantities.py` writes them: three digits and a unit.

const GAP = '–';

const missing = (x) => x === null || x === undefined || Number.isNaN(x);

function three(x) {
  if (missing(x)) return GAP;
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  const shown = Number(x.toPrecision(3));
  const decimals = shown ? 2 - Math.floor(Math.log10(Math.abs(shown))) : 2;
  const places = Math.max(0, Math.abs(shown) < 0.1 ? decimals : Math.min(decimals, 2));
  const form = { minimumFractionDigits: places, maximumFractionDigits: places };
  return shown.toLocaleString('en-US', form);
}

const multiple = (x) => (missing(x) ? GAP : `${three(x)}×`);

// One decimal; what lies in the middle becomes even, as in Python.
function digits(x) {
  if (missing(x)) return GAP;
  if (x === Infinity) return 'exact';
  const tenths = Math.abs((10 * x) % 1) === 0.5 ? 2 * Math.round(5 * x) : Math.round(10 * x);
  return (tenths / 10 + 0).toFixed(1);
}

const count = (x) => (missing(x) ? GAP : x.toLocaleString('en-US'));

function duration(seconds) {
  if (missing(seconds)) return GAP;
  const shown = Number(seconds.toPrecision(3));
  for (const [factor, unit] of [[1, 's'], [1e-3, 'ms'], [1e-6, 'µs']]) {
    if (shown >= factor) return `${three(shown / factor)} ${unit}`;
  }
  return `${three(shown / 1e-9)} ns`;
}

function megabytes(bytes) {
  if (missing(bytes)) return GAP;
  return bytes < 1e5 ? '< 0.1 MB' : `${three(bytes / 1e6)} MB`;
}

const interval = (low, high) => (missing(low) ? GAP : `[${three(low)}, ${three(high)}]`);
