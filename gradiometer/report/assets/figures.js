// The figures that a cell has, how each is written, and how cells of a case are ranked by time.

// How a cell ended, and the class of what shows it.
const ENDS = { right: 'right', 'wrong or failed': 'wrong', 'not measured': 'missing' };

// name: what it is called, the number of a cell, how it is written, whether less is better,
// and whether its colours run along a logarithmic scale.
const FIGURES = {
  ratio: { title: 'time, × the fastest', of: (c) => c.shown, write: multiple, less: true, log: true },
  time: { title: 'time of a call', of: (c) => c.time_s, write: duration, less: true, log: true },
  digits: { title: 'correct digits', of: (c) => c.digits, write: digits, most: 16 },
  beyond: {
    title: 'digits beyond the promise', of: (c) => (missing(c.digits) ? null : c.digits - c.promise),
    write: digits, most: 8,
  },
  owed: { title: 'digits that rounding leaves', of: (c) => c.owed, write: digits, most: 16 },
  memory: { title: 'memory of a call', of: (c) => c.call_bytes, write: megabytes, less: true, log: true },
  cold: { title: 'time until the first answer', of: (c) => c.cold_s, write: duration, less: true, log: true },
  primal: { title: 'time, × own primal', of: (c) => c.per_primal, write: multiple, less: true, log: true },
};

const timed = (cell) => cell.status === 'ok' && !missing(cell.ratio);

// Ranks the cells of one case anew: `shown` is the ratio to the fastest of these cells, `rank` one
// more than the number of surely faster ones. Methods with a translation are no rivals of others.
// As long as the fastest of all is among them, the ratios stay as they were measured.
function rank(cells, least) {
  const own = cells.filter((c) => timed(c) && !c.translated);
  const rivals = own.length ? own : cells.filter(timed);
  const fastest = Math.min(...rivals.map((c) => c.ratio));
  const best = fastest === least ? 1 : fastest;
  for (const cell of cells) {
    const among = cell.translated && own.length ? cells.filter((c) => timed(c) && c.translated) : rivals;
    cell.shown = timed(cell) ? cell.ratio / best : null;
    cell.shownLow = timed(cell) ? cell.ratio_low / best : null;
    cell.shownHigh = timed(cell) ? cell.ratio_high / best : null;
    cell.rank = timed(cell) ? 1 + among.filter((c) => c.ratio_high < cell.ratio_low).length : null;
  }
  const first = rivals.filter((c) => c.rank === 1);
  for (const cell of cells) cell.tied = first.length > 1 && first.includes(cell);
}

// The least ratio of each case, whatever is shown of it.
function leastRatios(cells) {
  const least = new Map();
  for (const c of cells) {
    if (timed(c) && !c.translated) least.set(c.case, Math.min(least.get(c.case) ?? Infinity, c.ratio));
  }
  return least;
}

function geometricMean(numbers) {
  return Math.exp(numbers.reduce((sum, x) => sum + Math.log(x), 0) / numbers.length);
}
