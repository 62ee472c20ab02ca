// A cell's record, fact by fact, and the list of all of them.

const FACTS = [
  ['method', 'method'], ['function', 'label'], ['operator', 'operator'], ['status', 'status'],
  ['reason', 'reason'], ['inputs', 'n', count], ['number type', 'dtype'], ['tool', 'tool'],
  ['mode', 'mode'], ['× fastest', 'ratio', multiple], ['from', 'ratio_low', multiple],
  ['to (95%)', 'ratio_high', multiple], ['time of a call', 'time_s', duration],
  ['× own primal', 'per_primal', multiple], ['correct digits', 'digits', digits],
  ['in the worst component', 'worst_digits', digits], ['promised', 'promise', digits],
  ['rounding leaves', 'owed', digits], ['first answer', 'cold_s', duration],
  ['import', 'import_s', duration], ['preparation', 'prepare_s', duration],
  ['first call', 'first_s', duration], ['memory of a call', 'call_bytes', megabytes],
  ['memory until the first answer', 'prepare_bytes', megabytes], ['rounds', 'rounds', count],
  ['of them calm', 'calm', count], ['marks', 'marks'],
];

const HIDDEN = new Set([
  'dtype', 'tool', 'mode', 'ratio_low', 'ratio_high', 'worst_digits', 'import_s', 'prepare_s',
  'first_s', 'prepare_bytes', 'rounds', 'calm', 'marks', 'owed',
]);

function recordOf(cell) {
  return FACTS.filter(([, name]) => !missing(cell[name]) && cell[name] !== '')
    .map(([title, name, write]) => [title, write ? write(cell[name]) : String(cell[name])]);
}

function listCells(host, cells, DataTable) {
  const heads = FACTS.map(([title]) => element('th', { scope: 'col' }, title));
  const table = element('table', { class: 'list compact' }, element('thead', {}, element('tr', {}, ...heads)));
  host.append(table);
  const escape = DataTable.render.text().display;
  const columns = FACTS.map(([title, name, write]) => ({
    title,
    data: (row) => (missing(row[name]) ? '' : row[name]),
    visible: !HIDDEN.has(name),
    type: write ? 'num' : 'string',
    className: write ? 'number' : '',
    render: (value, type) =>
      (type !== 'display' && type !== 'filter' ? (value === '' ? -Infinity : value)
        : write ? (value === '' ? GAP : write(value)) : escape(value)),
  }));
  return new DataTable(table, { ...LIST, data: cells, columns, deferRender: true });
}
