// What the page carries: texts packed by gzip, in elements of its own.

const unpackedTexts = new Map();

function bytesOf(id) {
  return Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
}

async function textOf(id) {
  if (!unpackedTexts.has(id)) {
    const unpacked = new Blob([bytesOf(id)]).stream().pipeThrough(new DecompressionStream('gzip'));
    unpackedTexts.set(id, new Response(unpacked).text());
  }
  return unpackedTexts.get(id);
}

// A frame as a list of rows; infinities are written as text, since JSON has none.
async function rowsOf(id) {
  const columns = JSON.parse(await textOf(id));
  const names = Object.keys(columns);
  const number = (x) => (x === 'Infinity' ? Infinity : x);
  return columns[names[0]].map((_, i) =>
    Object.fromEntries(names.map((name) => [name, number(columns[name][i])])));
}

function save(bytes, name, type) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function offerDownloads() {
  for (const button of document.querySelectorAll('button[data-download]')) {
    button.addEventListener('click', async () => {
      const { download, name, type, packed } = button.dataset;
      save(packed ? await textOf(download) : bytesOf(download), name, type);
    });
  }
}

// An element with attributes and children; text is never read as markup.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}
