"use strict";

// The rows of groups in the list of layers: opened and closed, hidden, shown alone, recoloured and renamed as a whole.

const BAR_LABELS = {
  ".fold": "Layers of group",
  ".visible": "Show group",
  ".solo": "Show only group",
  ".color": "Colour of group",
};
const MAX_NAME = 1024; // characters, as in a document

class GroupBars {
  // `groups` are those of the document, `panel` the list that the rows are in.
  constructor(groups, panel) {
    Object.assign(this, { groups, panel });
    this.rows = new Map(); // "group run" -> row, of those that have been shown
    this.hidden = new Map(); // group -> the layers that were seen when it was hidden
  }

  nameOf(group) {
    return this.panel.store.state.groups[group].name || this.groups[group].id;
  }

  membersOf(group) {
    return this.panel.groups.members[group];
  }

  // The row of a run of neighbours of a group.
  rowOf({ group, run, count }) {
    const key = `${group} ${run}`;
    if (!this.rows.has(key)) {
      this.rows.set(key, this.makeRow(group));
      this.updateRow(this.rows.get(key), group);
    }
    const row = this.rows.get(key);
    row.querySelector(".fold").setAttribute("aria-expanded", this.panel.open.has(group));
    row.querySelector(".count").textContent = count;
    return row;
  }

  makeRow(group) {
    const row = byId("group-row").content.firstElementChild.cloneNode(true);
    const part = (selector) => row.querySelector(selector);
    row.dataset.group = group;
    part(".solo").title = "Show only this group";
    part(".fold").addEventListener("click", () => this.fold(group));
    part(".name").addEventListener("click", () => this.panel.onselect(this.drawn(group)));
    part(".name").addEventListener("dblclick", () => this.rename(group, row));
    part(".visible").addEventListener("click", () => this.toggle(group));
    part(".solo").addEventListener("click", () => {
      this.panel.setSolo(`group ${group}`, this.membersOf(group), this.nameOf(group));
    });
    part(".color").addEventListener("input", (event) => this.setColor(group, event.target.value, false));
    part(".color").addEventListener("change", (event) => this.setColor(group, event.target.value, true));
    if (!this.colored(group).length) {
      Object.assign(part(".color"), { disabled: true, title: "No colour of this group can be changed here" });
      row.classList.add("has-colors");
    }
    row.addEventListener("keydown", (event) => {
      if (event.key !== "F2") return;
      event.preventDefault();
      this.rename(group, row);
    });
    return row;
  }

  // The layers of a group whose colours can be changed.
  colored(group) {
    const { layers } = this.panel.store.state;
    return this.membersOf(group).filter((index) => layers[index].color || layers[index].fields);
  }

  drawn(group) {
    return this.membersOf(group).filter((index) => this.panel.traits[index]);
  }

  // Changes

  fold(group) {
    const { open, store } = this.panel;
    if (!open.delete(group)) open.add(group);
    this.panel.arrange(store.state.order);
  }

  // Hide all layers of a group, or show those that were seen before it was hidden.
  toggle(group) {
    const { state } = this.panel.store;
    const members = this.membersOf(group);
    const seen = members.filter((index) => state.layers[index].visible);
    const visible = !seen.length;
    if (!visible) this.hidden.set(group, seen);
    const changed = visible ? this.hidden.get(group) ?? members : seen;
    const changes = new Map(changed.map((index) => [index, { visible }]));
    this.panel.change(withLayers(state, changes), true, `${this.nameOf(group)} ${visible ? "shown" : "hidden"}`);
  }

  setColor(group, text, isFinal) {
    this.panel.shiftColors(this.colored(group), text, isFinal, this.nameOf(group));
  }

  rename(group, row) {
    const { store } = this.panel;
    editName(row.querySelector(".name"), store.state.groups[group].name, this.groups[group].id, (name) => {
      const message = `${this.nameOf(group)} renamed to ${name || this.groups[group].id}`;
      this.panel.change(withGroup(store.state, group, { name }), true, message);
    });
  }

  // What is shown

  // Show a state where it differs from the one before, if there was one.
  update(state, old) {
    for (const row of this.rows.values()) {
      const group = Number(row.dataset.group);
      const isAlike = old && old.groups[group] === state.groups[group]
        && this.membersOf(group).every((index) => old.layers[index] === state.layers[index]);
      if (!isAlike) this.updateRow(row, group);
    }
  }

  updateRow(row, group) {
    const part = (selector) => row.querySelector(selector);
    const name = this.nameOf(group);
    const { look, store } = this.panel;
    const members = this.membersOf(group);
    part(".text").textContent = name;
    part(".name").title = name;
    for (const [selector, label] of Object.entries(BAR_LABELS)) {
      part(selector).setAttribute("aria-label", `${label} ${name}`);
    }
    const isSeen = members.some((index) => store.state.layers[index].visible);
    const isShown = look.solo === null ? isSeen : members.some((index) => look.solo.layers.has(index));
    row.classList.toggle("is-hidden", !isShown);
    showEye(part(".visible"), isSeen);
    part(".solo").setAttribute("aria-pressed", look.solo?.of === `group ${group}`);
    this.panel.showMean(part(".color"), this.colored(group));
  }
}

// Let a name be edited where it stands: Enter keeps what was written and Escape does not. `id` stands for no name.
function editName(label, name, id, onchange) {
  const before = document.activeElement;
  const input = Object.assign(document.createElement("input"), { type: "text", value: name, placeholder: id });
  Object.assign(input, { className: "rename", maxLength: MAX_NAME, spellcheck: false });
  input.setAttribute("aria-label", `Name of ${name || id}`);
  let isDone = false;
  const finish = (isKept) => {
    if (isDone) return;
    isDone = true;
    const text = plainName(input.value);
    const hadFocus = document.activeElement === input;
    input.replaceWith(label);
    if (hadFocus) before?.focus();
    if (isKept && text !== name) onchange(text);
  };
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter" || event.key === "Escape") finish(event.key === "Enter");
  });
  input.addEventListener("blur", () => finish(true));
  label.replaceWith(input);
  input.focus();
  input.select();
}

// A text as a document takes it for a name: without control characters and halves of characters.
function plainName(text) {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]/gu, "").trim();
}
