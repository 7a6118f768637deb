// Search and filter the rows of the map, and say what a cell of it stands for.
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
  const columnAt = event => {
    const svg = event.target.closest('.map svg');
    if (!svg) return null;
    const box = svg.getBoundingClientRect();
    return columns[Math.min(Math.floor((event.clientX - box.left) / box.width * columns.length), columns.length - 1)];
  };
  search.hidden = about.hidden = false;
  about.textContent = 'Point at a cell to see its apply.';
  search.addEventListener('input', show);
  failing.addEventListener('change', show);
  const map = document.querySelector('.map');
  map.addEventListener('mousemove', event => {
    const column = columnAt(event);
    if (column) about.textContent = column.slice(0, 3).filter(Boolean).join(' · ');
  });
  map.addEventListener('click', event => {
    const column = columnAt(event);
    if (column && column[3]) location.href = column[3];
  });
}
