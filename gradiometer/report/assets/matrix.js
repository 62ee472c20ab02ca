// The matrix: methods by cases, a figure at a time; what is hidden is no rival of what is shown.

class Matrix {
  constructor(host, cells) {
    this.host = host;
    this.cells = cells;
    this.least = leastRatios(cells);
    const values = (name) => [...new Set(cells.map((c) => c[name]))];
    this.values = Object.fromEntries(
      ['operator', 'dtype', 'machine', 'mode', 'tool', 'method'].map((name) => [name, values(name)]));
    const first = cells.find((c) => c.case === host.dataset.case);
    this.state = {
      figure: cells.some(timed) ? 'ratio' : 'digits', operator: (first ?? cells[0]).operator,
      dtype: '', machine: '', text: '', status: '', largest: false, sort: '',
    };
    this.box = element('div', { class: 'matrix-scroll', tabindex: -1 });
    this.told = element('p', { class: 'told', 'aria-live': 'polite' });
    this.dialog = element('dialog', { class: 'cell' });
    host.append(this.controls(), this.legend(), this.told, this.box, this.dialog);
    this.draw();
  }

  // What is chosen.

  controls() {
    const set = (name, read) => (event) => {
      this.state[name] = read(event.target);
      this.draw();
    };
    const select = (name, title, options) =>
      element('label', {}, title,
        element('select', { name, onchange: set(name, (e) => e.value) },
          ...options.map(([value, text]) =>
            element('option', { value, selected: value === this.state[name] }, text))));
    const named = (list) => list.map((each) => [each, each]);
    const figures = Object.entries(FIGURES).map(([name, figure]) => [name, figure.title]);
    const parts = [select('figure', 'Figure', figures)];
    if (this.values.operator.length > 1) {
      parts.push(select('operator', 'Operator', named(this.values.operator)));
    }
    if (this.values.dtype.length > 1) {
      parts.push(select('dtype', 'Number type', [['', 'all'], ...named(this.values.dtype)]));
    }
    const machines = this.values.machine.filter(Boolean);
    if (machines.length > 1) {
      parts.push(select('machine', 'Machine', [['', 'all'], ...named(machines)]));
    }
    parts.push(
      select('status', 'Show', [
        ['', 'every cell'], ['wrong or failed', 'wrong or failed'], ['not measured', 'not measured'],
        ['right', 'right'],
      ]),
      element('label', {}, 'Functions',
        element('input', {
          type: 'search', name: 'text', placeholder: 'part of a name',
          oninput: set('text', (e) => e.value.trim().toLowerCase()),
        })),
      element('label', { class: 'check' },
        element('input', { type: 'checkbox', name: 'largest', onchange: set('largest', (e) => e.checked) }),
        'largest sizes only'),
    );
    return element('form', { class: 'controls', onsubmit: (e) => e.preventDefault() },
      ...parts, this.chooser('mode', 'Modes'), this.chooser('tool', 'Tools'));
  }

  // Boxes that hide methods, by mode or by tool.
  chooser(kind, title) {
    const boxes = this.values[kind].map((name) => {
      const methods = [...new Set(this.cells.filter((c) => c[kind] === name).map((c) => c.method))];
      const color = kind === 'tool' ? this.colors[methods[0]] : null;
      const swatch = color ? [element('span', { class: 'swatch', style: `background:${color}` })] : [];
      const box = element('input', {
        type: 'checkbox', name: kind, value: name, checked: true,
        onchange: () => this.draw(),
      });
      return element('label', { class: 'check', title: methods.join(', ') }, box, ...swatch, name);
    });
    const all = (checked) => () => {
      for (const box of fold.querySelectorAll('input')) box.checked = checked;
      this.draw();
    };
    const fold = element('details', { class: 'chooser', 'data-kind': kind },
      element('summary', {}, title),
      element('p', {},
        element('button', { type: 'button', onclick: all(true) }, 'all'),
        element('button', { type: 'button', onclick: all(false) }, 'none')),
      element('div', { class: 'boxes' }, ...boxes));
    return fold;
  }

  get colors() {
    this.parsed ??= JSON.parse(this.host.dataset.colors || '{}');
    return this.parsed;
  }

  legend() {
    return element('p', { class: 'legend' },
      element('span', { class: 'key scale' }, 'worst to best'),
      element('span', { class: 'key tied' }, '= no measurement tells it from the fastest'),
      element('span', { class: 'key wrong' }, 'wrong or failed'),
      element('span', { class: 'key missing' }, 'not measured'));
  }

  // What is shown.

  chosen() {
    const { operator, dtype, machine, text, status, largest } = this.state;
    const hidden = new Set(
      [...this.host.querySelectorAll('.chooser input:not(:checked)')].map((b) => `${b.name} ${b.value}`));
    let shown = this.cells.filter((c) =>
      c.operator === operator && (!dtype || c.dtype === dtype) && (!machine || c.machine === machine)
      && c.label.toLowerCase().includes(text)
      && !hidden.has(`mode ${c.mode}`) && !hidden.has(`tool ${c.tool}`));
    if (largest) {
      const most = new Map();
      const series = (c) => `${c.problem} ${c.dtype} ${c.device} ${c.machine}`;
      for (const c of shown) most.set(series(c), Math.max(most.get(series(c)) ?? -1, c.n ?? -1));
      shown = shown.filter((c) => {
        const size = this.sizes().get(c.case) ?? -1;
        return size === most.get(series(c));
      });
    }
    if (status) {
      const found = shown.filter((c) => c.end === status);
      const [methods, cases] = ['method', 'case'].map((name) => new Set(found.map((c) => c[name])));
      shown = shown.filter((c) => methods.has(c.method) && cases.has(c.case));
    }
    return shown;
  }

  // The number of inputs of each case: cells that failed early do not know it.
  sizes() {
    if (!this.known) {
      this.known = new Map();
      for (const c of this.cells) {
        if (!missing(c.n)) this.known.set(c.case, c.n);
      }
    }
    return this.known;
  }

  draw() {
    const cells = this.chosen();
    const cases = new Map();
    for (const cell of cells) {
      if (!cases.has(cell.case)) cases.set(cell.case, []);
      cases.get(cell.case).push(cell);
    }
    for (const [name, each] of cases) rank(each, this.least.get(name));
    const figure = FIGURES[this.state.figure];
    const rows = this.rows(cells, figure, cases.size);
    const values = cells.filter((c) => c.status === 'ok').map(figure.of)
      .filter((x) => !missing(x) && Number.isFinite(x));
    this.ends = values.length ? [Math.min(...values), Math.max(...values)] : [];
    const table = element('table', { class: 'matrix', role: 'grid' },
      element('caption', {}, `${this.state.operator}: ${figure.title}`),
      this.head([...cases.keys()].map((name) => cases.get(name)[0])),
      element('tbody', {}, ...rows.map((row) => this.row(row, cases, figure))));
    this.box.replaceChildren(table);
    this.tell(rows, cases.size, figure);
    this.walkable(table);
  }

  // Methods in order: by the figure of one case, or by their means over all, unless these were
  // measured on several kinds of machine.
  rows(cells, figure, of) {
    const methods = new Map();
    for (const cell of cells) {
      if (!methods.has(cell.method)) methods.set(cell.method, new Map());
      methods.get(cell.method).set(cell.case, cell);
    }
    const alike = new Set(cells.map((c) => c.machine).filter(Boolean)).size < 2;
    const means = figure.log ? geometricMean : (x) => x.reduce((a, b) => a + b, 0) / x.length;
    const rows = [...methods].map(([method, own]) => {
      const found = [...own.values()].filter((c) => c.status === 'ok').map(figure.of)
        .filter((x) => !missing(x)).map((x) => (x === Infinity ? figure.most ?? x : x));
      const mean = alike && found.length ? means(found) : null;
      return { method, own, mean, cases: found.length, of };
    });
    const sign = figure.less ? 1 : -1;
    const worst = (x) => (missing(x) ? Infinity : sign * x);
    const key = (row) => {
      const cell = row.own.get(this.state.sort);
      return worst(cell && cell.status === 'ok' ? figure.of(cell) : null);
    };
    return this.state.sort && cells.some((c) => c.case === this.state.sort)
      ? rows.sort((a, b) => key(a) - key(b) || worst(a.mean) - worst(b.mean))
      : rows.sort((a, b) => b.cases - a.cases || worst(a.mean) - worst(b.mean));
  }

  head(firsts) {
    const { sort } = this.state;
    const by = (name, text, title) =>
      element('th', { scope: 'col', 'aria-sort': name === sort ? 'ascending' : 'none' },
        element('button', {
          type: 'button', title,
          onclick: () => { this.state.sort = name; this.draw(); },
        }, text));
    return element('thead', {}, element('tr', {},
      element('th', { scope: 'col' }, 'method'),
      by('', 'mean', 'Order by the mean over these functions'),
      ...firsts.map((c) => by(c.case, c.label, `Order by ${c.label}: ${count(this.sizes().get(c.case))} inputs`))));
  }

  row(row, cases, figure) {
    const color = this.colors[row.method];
    const mark = color ? [element('span', { class: 'swatch', style: `background:${color}` })] : [];
    const part = row.cases < row.of ? ` (${row.cases} of ${row.of})` : '';
    return element('tr', {},
      element('th', { scope: 'row' }, ...mark, row.method),
      element('td', { class: 'mean' }, missing(row.mean) ? GAP : figure.write(row.mean) + part),
      ...[...cases.keys()].map((name) => this.entry(row.own.get(name), figure)));
  }

  entry(cell, figure) {
    if (!cell) return element('td', { class: 'none', tabindex: -1 }, GAP);
    const end = ENDS[cell.end];
    const made = element('td', { class: end, tabindex: -1, title: this.hint(cell) }, this.text(cell, figure));
    made.cell = cell;
    const value = end === 'right' ? figure.of(cell) : null;
    if (!missing(value)) {
      const finite = value === Infinity ? figure.most : value;
      Object.assign(made.style, shade(goodness(figure, finite, this.ends) * 0.92));
    }
    return made;
  }

  text(cell, figure) {
    if (cell.status !== 'ok') {
      const wrong = cell.status === 'disagrees' && FIGURES.digits === figure && !missing(cell.digits);
      return wrong ? `disagrees (${digits(cell.digits)})` : cell.status;
    }
    const value = figure.of(cell);
    if (missing(value)) return figure === FIGURES.digits ? 'zero' : GAP;
    const tied = figure === FIGURES.ratio && cell.tied ? '= ' : '';
    const marks = figure.less ? cell.marks : cell.marks.replace(/[^§]/g, ''); // others are of times
    return `${tied}${figure.write(value)}${marks}`;
  }

  hint(cell) {
    const head = `${cell.method}, ${cell.operator} of ${cell.label}`;
    if (cell.status !== 'ok') return `${head}: ${cell.status}: ${cell.reason}`;
    const times = timed(cell)
      ? `; ${multiple(cell.shown)} ${interval(cell.shownLow, cell.shownHigh)}, ${duration(cell.time_s)} a call` : '';
    return `${head}: ${digits(cell.digits)} digits${times}`;
  }

  tell(rows, cases, figure) {
    const best = rows[0];
    const first = best && !missing(best.mean) && !this.state.sort
      ? ` ${best.method} has the best mean, ${figure.write(best.mean)}.` : '';
    this.told.textContent =
      `${rows.length} methods × ${cases} functions, ${this.state.operator}: ${figure.title}.${first}`;
  }

  // A cell's whole record, and the way from cell to cell by keys.

  open(cell) {
    const facts = recordOf(cell);
    this.dialog.replaceChildren(
      element('h3', {}, `${cell.method}: ${cell.operator} of ${cell.label}`),
      element('dl', {}, ...facts.flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)])),
      element('form', { method: 'dialog' }, element('button', {}, 'Close')));
    this.dialog.showModal();
  }

  walkable(table) {
    const body = table.tBodies[0];
    const first = body.rows[0]?.cells[2];
    if (first) first.tabIndex = 0;
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    table.addEventListener('click', (event) => {
      const td = event.target.closest('td');
      if (td?.cell) this.open(td.cell);
    });
    table.addEventListener('keydown', (event) => {
      const td = event.target.closest('tbody td');
      if (!td) return;
      if (event.key === 'Enter' && td.cell) {
        event.preventDefault(); // it would press the dialog's button, too
        this.open(td.cell);
      }
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      const next = body.rows[td.parentNode.rowIndex - 1 + move[0]]?.cells[td.cellIndex + move[1]];
      if (next?.tagName !== 'TD') return;
      td.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }
}
