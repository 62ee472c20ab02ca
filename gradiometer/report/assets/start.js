// The page comes to life: cells, then tables, then charts as they come into view.

function fail(error) {
  console.error(error);
  const told = document.getElementById('failed');
  told.hidden = false;
  told.textContent = `A part of this page could not be shown: ${error.message ?? error}`;
}

// A link into what is folded unfolds it.
function unfold() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = target; at; at = at.parentElement) {
    if (at.tagName === 'DETAILS') at.open = true;
  }
  target?.scrollIntoView();
}

async function start() {
  offerDownloads();
  window.addEventListener('hashchange', unfold);
  for (const host of document.querySelectorAll('.cells[data-view=matrix]')) {
    host.matrix = new Matrix(host, await rowsOf(host.dataset.cells));
    darkScheme.addEventListener('change', () => host.matrix.draw());
  }
  for (const host of document.querySelectorAll('.cells[data-view=break-even]')) {
    new BreakEven(host, await rowsOf(host.dataset.cells));
  }
  performance.mark('usable');
  drawCharts();
  const DataTable = await loadDataTables();
  for (const table of document.querySelectorAll('table.text.compact')) enhanceTable(table, DataTable);
  for (const host of document.querySelectorAll('.cells[data-view=list]')) {
    listCells(host, await rowsOf(host.dataset.cells), DataTable);
  }
  unfold();
  performance.mark('whole');
  document.documentElement.dataset.ready = 'all';
}

start().catch(fail);
