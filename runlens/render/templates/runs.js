(function () {
  "use strict";
  // Paper has no clicks: what is folded is opened for it, and folded again afterwards.
  var folded = [];
  window.addEventListener("beforeprint", function () {
    folded = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    folded.forEach(function (part) { part.open = true; });
  });
  window.addEventListener("afterprint", function () {
    folded.forEach(function (part) { part.open = false; });
    folded = [];
  });
}());
(function () {
  "use strict";
  // The table of runs: a click on a head sorts by it, a word in the box leaves the rows that hold it.
  var nav = document.querySelector(".runs"), table = nav && nav.querySelector("table");
  if (!table) { return; }
  var body = table.tBodies[0], rows = Array.prototype.slice.call(body.rows), box = nav.querySelector("input");
  var count = nav.querySelector("output");

  function key(row, at) {
    var cell = row.cells[at], told = cell.getAttribute("data-sort");
    return told === null ? cell.textContent.trim().toLowerCase() : told === "" ? null : +told;
  }

  function compare(a, b) {
    if (a === null || b === null) { return a === b ? 0 : a === null ? 1 : -1; }
    return a < b ? -1 : a > b ? 1 : 0;
  }

  Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, at) {
    if (head.hasAttribute("data-plain")) { return; }
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () {
      var down = head.getAttribute("aria-sort") === "ascending";
      Array.prototype.forEach.call(table.tHead.rows[0].cells, function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.slice().sort(function (a, b) {
        var x = key(a, at), y = key(b, at);
        return x === null || y === null ? compare(x, y) : (down ? -1 : 1) * compare(x, y);
      }).forEach(function (row) { body.appendChild(row); });
    });
  });

  function filter() {
    var words = box.value.toLowerCase().split(/\s+/).filter(Boolean), left = 0;
    rows.forEach(function (row) {
      var text = row.textContent.toLowerCase();
      row.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
      left += row.hidden ? 0 : 1;
    });
    count.textContent = words.length ? left + " of " + rows.length : "";
  }

  // Side by side: of two runs that are ticked the columns are shown, what they have alike in grey, their curves over one another.
  var beside = document.querySelector(".beside"), columns = beside ? Array.prototype.slice.call(beside.querySelectorAll(".column")) : [];
  var picked = [];

  function show() {
    columns.forEach(function (column) { column.toggleAttribute("data-open", picked.indexOf(column) >= 0); });
    beside.hidden = picked.length !== 2;
    if (beside.hidden) { return; }
    var left = picked[0].querySelectorAll("tr"), right = picked[1].querySelectorAll("tr");
    left.forEach(function (row, at) {
      var same = row.cells[1].textContent === right[at].cells[1].textContent;
      [row, right[at]].forEach(function (one) {
        one.classList.toggle("same", same);
        one.hidden = same && one.classList.contains("setting");
      });
    });
    window.runlensPair(beside.querySelector(".pair"), picked.map(function (column) {
      return { name: column.querySelector("bdi").textContent, curves: JSON.parse(column.getAttribute("data-curves")) };
    }));
  }

  if (columns.length > 2) {
    rows.forEach(function (row) {
      var column = columns.filter(function (one) { return one.getAttribute("data-at") === row.getAttribute("data-at"); })[0];
      if (!column) { return; }
      var tick = document.createElement("input");
      tick.type = "checkbox";
      tick.setAttribute("aria-label", "Put " + column.querySelector("bdi").textContent + " side by side with another");
      row.cells[0].insertBefore(tick, row.cells[0].firstChild);
      row.cells[0].classList.add("pick");
      tick.addEventListener("change", function () {
        picked = picked.filter(function (one) { return one !== column; });
        if (tick.checked) { picked.push(column); }
        if (picked.length > 2) {
          var first = picked.shift();
          rows.forEach(function (other) {
            if (other.getAttribute("data-at") === first.getAttribute("data-at")) { other.querySelector("input").checked = false; }
          });
        }
        show();
        if (picked.length === 2) { beside.scrollIntoView({ block: "nearest" }); }
      });
    });
  } else if (columns.length === 2) {
    picked = columns;
    show();
  }

  nav.querySelector(".filter").hidden = false;
  box.addEventListener("input", filter);
}());
