"""The console: pages for operations people and auditors, at the same address as the API.

How a page is made. It is a handler in a module here, listed in its `HANDLERS`, which `handlers.py`
gathers:

    @get("/runs/{id:str}", opt=shown(READ))
    async def get_run_page(request: Call, id: FromPath[str]) -> Response[Any]:
        run = await Api(request).get(place("/v1/runs/{}", id))
        return page(request, "run.html", title=f"Run {id}", run=run)

- `asking.Api` is all that a page may use: the public API, as whoever asked for the page. What is not there
  has to come into the API first. A refusal needs no handling: it becomes a page that says what the API said.
- `pages.shown` and `pages.acted` say who may come; `pages.page` renders, and after a form has acted,
  `pages.seen` sends the browser on. `pages.form_of` reads a form.
- Templates extend `layout.html` and fill the block `content`. `parts.html` has what they share: `table`,
  `list`, `filters`, `chart`, `score`, `lines_of`, `customer`, `run`, `code`, `empty`, `hidden`. Each form has
  `{{ hidden(csrf, here) }}`, without which it is refused. What one may not do is not offered:
  `{% if api.may("POST /v1/pause") %}`.
- Everything is escaped. Only `words`, `charts` and what they give are markup.
- `words` are the filters: `moment` for times, `clock` for what is due, `mark` for how something stands,
  `number`, `length`, `plain`, `words`, `share`, `points`, `money`, `day`, `segment` for a part of an address;
  `words.measured` gives a figure in its unit.
- `lists.listed` answers with a list of declared columns: filters in its address, pages by cursor, and CSV.
- `charts` draws bars and lines as SVG, each with its numbers as a table; beside them `charts.movements` (up
  and down), `charts.intervals` (around zero) and `charts.pace` (a way and where one is).
- `lists.csv_of` gives as CSV what the API gives at once.
- A section in the head of every page is a line of `pages.SECTIONS`.
- A part of a page with an id and `data-live` follows what happens, where the script runs; without it nothing
  is missing but that. No style, no script and no handler stands in a page: the policy in `pages.HEAD` refuses
  them.
"""
