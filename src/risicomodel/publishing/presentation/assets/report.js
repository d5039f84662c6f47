// Sorts and filters tables, saves them as CSV, takes a click on a map to its wijk. Pages work without.
"use strict";
(() => {
  const say = document.getElementById("said");
  const page = location.pathname.split("/").pop().replace(".html", "");
  const comma = document.documentElement.lang === "nl";

  // what is sorted on is what is shown
  const number = (text) => {
    const plain = comma ? text.replaceAll(".", "").replace(",", ".") : text.replaceAll(",", "");
    const found = plain.replace("−", "-").match(/-?\d+(\.\d+)?/);
    return found ? Number(found[0]) : null;
  };
  const told = (cell) => cell.textContent.trim().replace(/\s+/g, " ");

  const sort = (table, column, head) => {
    const down = head.getAttribute("aria-sort") !== "descending";
    const numeric = head.classList.contains("n");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => {
      const text = told(row.cells[column]);
      return { row, key: numeric ? number(text) : text.toLowerCase() };
    });
    const order = (a, b) => (numeric ? a - b : a.localeCompare(b, document.documentElement.lang));
    rows.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
      return down ? order(b.key, a.key) : order(a.key, b.key);
    });
    rows.forEach(({ row }) => body.append(row));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    say.textContent = (down ? TEXTS.sorted_down : TEXTS.sorted_up).replace("%", told(head));
  };

  const csv = (table) => {
    const quoted = (text) => {
      // a spreadsheet must not take a name for a formula
      const safe = /^[=+@\t\r]/.test(text) && number(text) === null ? "'" + text : text;
      return /[;"\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
    };
    const lines = [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells].map((c) => quoted(told(c))).join(";"));
    return "\ufeff" + lines.join("\r\n") + "\r\n";
  };

  const save = (table) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv" }));
    link.download = (table.dataset.name || page + "-" + table.caption.id) + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const button = (text, name, work) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = name;
    made.textContent = text;
    made.addEventListener("click", work);
    return made;
  };

  // a table that is wider than the screen is scrolled with the keyboard too
  [...document.querySelectorAll(".scroll")].forEach((box, number) => {
    const caption = box.querySelector("caption");
    caption.id = caption.id || "table-" + number;
    box.setAttribute("role", "region");
    box.setAttribute("aria-labelledby", caption.id);
    box.tabIndex = 0;
  });

  for (const table of document.querySelectorAll("table.sortable, table.save")) {
    if (table.classList.contains("sortable")) [...table.tHead.rows[0].cells].forEach((head, column) => {
      const text = told(head);
      if (text) head.replaceChildren(button(text, "", () => sort(table, column, head)));
    });
    const get = button(TEXTS.download, "get", () => save(table));
    get.setAttribute("aria-label", TEXTS.download + ": " + told(table.caption));
    table.parentElement.after(get);
  }

  // without accents, capitals and spaces: "sudwest" finds Súdwest-Fryslân
  const bare = (text) => text.normalize("NFD").replace(/[\u0300-\u036f\s]/g, "").toLowerCase();
  const filter = document.getElementById("filter");
  if (filter) {
    const rows = [...document.querySelector("table").tBodies[0].rows].map((row) => {
      return { row, key: bare(row.cells[0].textContent + row.cells[1].textContent) };
    });
    const show = () => {
      const wanted = bare(filter.value);
      for (const { row, key } of rows) row.hidden = !key.includes(wanted);
      const left = rows.filter(({ row }) => !row.hidden).length;
      const count = TEXTS.found.replace("%", left).replace("#", rows.length);
      document.getElementById("count").textContent = count;
    };
    filter.parentElement.hidden = false;
    filter.addEventListener("input", show);
    show(); // a browser may fill in what was there before
  }

  document.addEventListener("click", (event) => {
    const wijk = event.target.closest ? event.target.closest("svg.map use") : null;
    if (wijk) location.href = wijk.getAttribute("href").slice(1) + ".html";
  });
})();
