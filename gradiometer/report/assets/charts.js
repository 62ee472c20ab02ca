// Charts, drawn when they come into view; their definitions are the report's own.

const DARK = {
  background: 'transparent',
  axis: { labelColor: '#ccc', titleColor: '#ddd', gridColor: '#3a3a3a', domainColor: '#777', tickColor: '#777' },
  legend: { labelColor: '#ccc', titleColor: '#ddd' },
  header: { labelColor: '#ddd', titleColor: '#ddd' },
  title: { color: '#ddd' },
  text: { color: '#ddd' },
};
const LIGHT = { background: 'transparent' };
const darkScheme = window.matchMedia('(prefers-color-scheme: dark)');

async function drawChart(figure) {
  const spec = JSON.parse(await textOf('charts'))[figure.dataset.chart];
  const config = { ...spec.config, ...(darkScheme.matches ? DARK : LIGHT) };
  const options = { renderer: 'svg', actions: { export: true, source: false, compiled: false, editor: false } };
  await vegaEmbed(figure.querySelector('.drawing'), { ...spec, config }, { ...options, ast: false });
  figure.dataset.drawn = 'yes';
}

function drawCharts() {
  const figures = [...document.querySelectorAll('figure[data-chart]')];
  if (!figures.length) return;
  let ready = null;
  const load = async () => {
    ready ??= textOf('vega').then((source) => {
      const script = element('script');
      script.textContent = source;
      document.head.append(script);
    });
    return ready;
  };
  const draw = async (figure) => {
    if (figure.dataset.drawn) return;
    figure.dataset.drawn = 'now';
    await load();
    await drawChart(figure);
  };
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) draw(entry.target).catch(fail);
    }
  }, { rootMargin: '600px' });
  for (const figure of figures) seen.observe(figure);
  window.addEventListener('beforeprint', () => figures.forEach((figure) => draw(figure).catch(fail)));
  darkScheme.addEventListener('change', () => {
    for (const figure of figures.filter((each) => each.dataset.drawn)) drawChart(figure).catch(fail);
  });
}
