// All of it is convenience: without scripts the page says the same.
document.querySelectorAll("table.sortable").forEach((table) => {
  const body = table.tBodies[0];
  const order = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    const key = (row) => row.cells[column].dataset.value;
    button.addEventListener("click", () => {
      // Numbers begin with the largest, names with A; the second click turns it round, the third undoes it.
      const first = column ? "descending" : "ascending";
      const second = column ? "ascending" : "descending";
      const now = head.getAttribute("aria-sort");
      const next = now === first ? second : now === second ? null : first;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      const rows = [...order];
      if (next) {
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        rows.sort((a, b) =>
          column
            ? sign * (Number(key(a)) - Number(key(b)))
            : sign * a.cells[0].textContent.localeCompare(b.cells[0].textContent),
        );
      }
      body.append(...rows);
    });
  });
});

document.querySelectorAll(".command").forEach((block) => {
  if (!navigator.clipboard) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  block.append(button);
});

// Paper cannot be clicked.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((details) => (details.open = true));
});
addEventListener("afterprint", () => closed.forEach((details) => (details.open = false)));
