// From how many calls on a method is ahead of another, which the reader picks.

// Import, preparation, first call and all further calls together: who takes less, and when.
function ahead(cell, other) {
  if (cell === other || missing(cell.cold_s) || missing(other.cold_s)) return GAP;
  const gained = other.time_s - cell.time_s;
  const owed = cell.cold_s - other.cold_s;
  if (gained > 0 && owed > 0) return `from ${count(Math.ceil(owed / gained))} calls on`;
  if (gained < 0 && owed < 0) return `until ${count(Math.ceil(owed / gained))} calls`;
  return owed < 0 || (owed === 0 && gained > 0) ? 'always' : 'never';
}

class BreakEven {
  constructor(host, cells) {
    this.cells = cells.filter((c) => timed(c));
    this.case = host.dataset.case;
    this.table = element('div', { class: 'table-scroll' });
    const cases = new Map(this.cells.map((c) => [c.case, `${c.operator} of ${c.label}`]));
    this.pick = element('select', { name: 'opponent', onchange: () => this.draw() });
    const where = element('select', {
      name: 'case', onchange: (event) => { this.case = event.target.value; this.opponents(); },
    }, ...[...cases].map(([value, text]) => element('option', { value, selected: value === this.case }, text)));
    host.append(
      element('form', { class: 'controls', onsubmit: (e) => e.preventDefault() },
        element('label', {}, 'Function', where), element('label', {}, 'Compared with', this.pick)),
      this.table);
    this.opponents();
  }

  own() {
    return this.cells.filter((c) => c.case === this.case)
      .sort((a, b) => a.translated - b.translated || a.time_s - b.time_s);
  }

  // The fastest automatic method is compared with, until another one is picked.
  opponents() {
    const own = this.own();
    const first = own.find((c) => c.kind === 'automatic') ?? own[0];
    this.pick.replaceChildren(...own.map((c) =>
      element('option', { value: c.method, selected: c === first }, c.method)));
    this.draw();
  }

  draw() {
    const own = this.own();
    const other = own.find((c) => c.method === this.pick.value);
    const cells = (texts, tag) => texts.map((text) => element(tag, {}, text));
    this.table.replaceChildren(element('table', { class: 'text' },
      element('thead', {}, element('tr', {},
        ...cells(['method', 'first answer', 'warm call', `ahead of ${other.method}`], 'th'))),
      element('tbody', {}, ...own.map((c) => element('tr', {},
        ...cells([c.method, duration(c.cold_s), duration(c.time_s), ahead(c, other)], 'td'))))));
  }
}
