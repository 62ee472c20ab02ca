// Tables that sort, filter and hide columns, by DataTables.

const LIST = {
  pageLength: 25,
  lengthMenu: [25, 100, 500, { label: 'all', value: -1 }],
  order: [],
  autoWidth: false,
  columnControl: ['searchDropdown'],
  layout: { topStart: { buttons: [{ extend: 'colvis', text: 'Columns' }] } },
};

async function loadDataTables() {
  const url = URL.createObjectURL(new Blob([await textOf('datatables')], { type: 'text/javascript' }));
  const loaded = await import(url);
  URL.revokeObjectURL(url);
  return loaded.default;
}

const FEW = 25; // rows that need no pages

function enhanceTable(table, DataTable) {
  const rows = table.tBodies[0].rows.length;
  if (rows < 8) return;
  const short = rows <= FEW ? { paging: false, info: false } : {};
  new DataTable(table, { ...LIST, ...short });
}
