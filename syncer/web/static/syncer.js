// A little comfort: everything works without it.
"use strict";

// files dropped on a form are its file
for (const form of document.querySelectorAll("form.drop")) {
  const input = form.querySelector("input[type=file]");
  const over = (on) => (event) => {
    event.preventDefault();
    form.classList.toggle("over", on);
  };
  form.addEventListener("dragover", over(true));
  form.addEventListener("dragleave", over(false));
  form.addEventListener("drop", (event) => {
    over(false)(event);
    input.files = event.dataTransfer.files;
  });
}

// one box for all boxes of a table
for (const all of document.querySelectorAll("input[data-all]")) {
  all.addEventListener("change", () => {
    for (const one of document.querySelectorAll(`input[name="${all.dataset.all}"]`)) {
      one.checked = all.checked;
    }
  });
}

// forms that show what if, as soon as a figure is changed; the field that is typed in stays it
const waiting = new Map();
const asking = new Map();

async function show(form) {
  const place = document.getElementById(form.dataset.live);
  const query = new URLSearchParams(new FormData(form));
  asking.get(form)?.abort(); // an answer to what was typed before is none any more
  const mine = new AbortController();
  asking.set(form, mine);
  place.setAttribute("aria-busy", "true");
  const fresh = await answered(`${form.action}?${query}`, mine.signal, form.dataset.live);
  if (mine.signal.aborted) return;
  if (!fresh) return form.submit(); // the page itself says what is wrong
  const { name, value, selectionStart } = document.activeElement;
  const typed = place.contains(document.activeElement) && name;
  place.replaceWith(fresh);
  const again = typed && fresh.querySelector(`[name="${CSS.escape(name)}"]`);
  if (again) {
    again.value = value;
    again.focus();
    again.setSelectionRange(selectionStart, selectionStart);
  }
}

async function answered(address, signal, id) {
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return answer.ok ? page.getElementById(id) : null;
  } catch {
    return null;
  }
}

document.addEventListener("input", ({ target }) => {
  const form = target.form;
  if (!form || !form.dataset.live) return;
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(show, 400, form));
});
