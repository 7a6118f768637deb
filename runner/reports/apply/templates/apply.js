// Search: hide what does not hold the text. A session stays while one of its checks does.
const search = document.getElementById('search');
const items = [...document.querySelectorAll('.failure, .session, .check')]
  .map(item => ({ item, text: item.textContent.toLowerCase() }));
const details = [...document.querySelectorAll('details')].map(item => [item, item.open]);
const title = item => item.querySelector('summary').textContent.toLowerCase();
const show = () => {
  const wanted = search.value.trim().toLowerCase();
  const label = document.querySelector('input[name=only]:checked').id.replace('only-', '');
  const filtered = wanted || label !== 'all';
  for (const { item, text } of items) {
    const session = item.matches('.check') && item.closest('.session');
    item.classList.toggle('miss', !text.includes(wanted) && !(session && title(session).includes(wanted)));
  }
  for (const [item, open] of details) item.open = open || (filtered && item.dataset.label !== label);
};
if (search) {
  search.hidden = false;
  search.addEventListener('input', show);
  document.querySelector('.filter').addEventListener('change', show);
}
