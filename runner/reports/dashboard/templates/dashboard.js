// Search and filter the rows of the map, and say which apply a column of it is.
const rows = [...document.querySelectorAll('.map tbody tr')];
const search = document.getElementById('search');
const failing = document.getElementById('only-failing');
const about = document.getElementById('about');
const show = () => {
  const wanted = search.value.trim().toLowerCase();
  for (const row of rows) {
    const name = row.firstElementChild.textContent.toLowerCase();
    const passes = row.matches('.good-row, .warn-row, .none-row');
    row.hidden = !name.includes(wanted) || (failing.checked && passes);
  }
};
if (search) {
  const columns = JSON.parse(document.getElementById('columns').textContent);
  const apply = document.getElementById('apply');
  const map = document.querySelector('.map');
  const tell = () => {
    const [when, id, commit, page] = columns[apply.value];
    const said = [when, id, commit].filter(Boolean).join(' · ');
    about.textContent = `${said} `;
    apply.setAttribute('aria-valuetext', said);
    map.style.setProperty('--column', apply.value);
    if (page) {
      const link = document.createElement('a');
      link.href = page;
      link.rel = 'noopener noreferrer';
      link.textContent = 'open';
      about.append(link);
    }
  };
  const pointed = event => {
    const svg = event.target.closest('.map svg');
    if (!svg) return false;
    const box = svg.getBoundingClientRect();
    apply.value = Math.floor((event.clientX - box.left) / box.width * columns.length);
    tell();
    return true;
  };
  search.hidden = apply.closest('.pick').hidden = false;
  map.style.setProperty('--columns', columns.length);
  tell();
  search.addEventListener('input', show);
  failing.addEventListener('change', show);
  apply.addEventListener('input', tell);
  map.addEventListener('mousemove', pointed);
  map.addEventListener('click', event => {
    const page = pointed(event) && columns[apply.value][3];
    if (page) location.href = page;
  });
}
