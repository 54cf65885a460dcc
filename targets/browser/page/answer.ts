// The answer: the winner, the bars, what the network saw and where the time went.
import type { Classification, Prediction, Times } from "../src/api.ts";
import { displayName } from "../src/core/language.ts";
import type { ModelSpec } from "../src/core/spec.ts";
import { find, make } from "./dom.ts";
import { opening } from "./phrases.ts";
import { showSeen } from "./seen.ts";
import { milliseconds, percent } from "./words.ts";

const waiting = find("waiting", HTMLElement);
const answered = find("answered", HTMLElement);
const classes = find("classes", HTMLElement);
const kicker = find("kicker", HTMLElement);
const winner = find("winner", HTMLElement);
const description = find("description", HTMLElement);
const bars = find("bars", HTMLElement);
const total = find("total", HTMLElement);
const parts = find("parts", HTMLElement);
const legend = find("legend", HTMLElement);

/** More classes than this are counted, not listed. */
const LISTED = 24;
/** So many stand below each other, large, where none has more than so many letters. */
const FEW = 8;
const SHORT = 20;
/** The answer's letters become smaller above so many. */
const LONG = 18;
const VERY_LONG = 56;

const PARTS: readonly (readonly [Exclude<keyof Times, "total">, string])[] = [
  ["decode", "decode"],
  ["prepare", "crop, resize"],
  ["run", "network"],
  ["read", "read back"],
];

/** Lists what a model knows, until there is a first answer. */
export function showClasses(spec: ModelSpec): void {
  const names = spec.labels.map((label) => displayName(label, navigator.language));
  const listed = names.slice(0, LISTED).map((name) => make("li", "", name));
  if (names.length > LISTED) listed.push(make("li", "more", `and ${names.length - LISTED} more`));
  classes.toggleAttribute("data-few", names.length <= FEW && names.every((name) => name.length <= SHORT));
  classes.replaceChildren(...listed);
  waiting.classList.toggle("unknown", names.length === 0);
}

/** Takes the answer away, where there is none to what is shown now. */
export function hideAnswer(): void {
  waiting.hidden = false;
  answered.hidden = true;
}

/** Shows an answer. */
export function showAnswer(answer: Classification, spec: ModelSpec): void {
  const best = answer.predictions[0];
  if (best === undefined) return hideAnswer();
  waiting.hidden = true;
  answered.hidden = false;
  write(kicker, opening(spec, best));
  write(winner, best.name);
  const { length } = best.name;
  winner.dataset["length"] = length > VERY_LONG ? "very-long" : length > LONG ? "long" : "short";
  write(description, best.description);
  description.hidden = best.description === "";
  showBars(answer.predictions);
  showSeen(answer.seen);
  showTimes(answer.times);
}

// Rows are kept and rewritten: the camera answers many times a second.
function showBars(predictions: readonly Prediction[]): void {
  while (bars.children.length > predictions.length) bars.lastElementChild?.remove();
  while (bars.children.length < predictions.length) {
    const row = make("li");
    const bar = make("span", "bar");
    bar.ariaHidden = "true";
    row.append(make("span", "name"), make("span", "share"), bar);
    bars.append(row);
  }
  predictions.forEach((one, place) => {
    const [name, share, bar] = bars.children[place]!.children;
    write(name!, one.name);
    write(share!, percent(one.probability));
    (bar as HTMLElement).style.setProperty("--share", one.probability.toFixed(4));
  });
}

function showTimes(times: Times): void {
  write(total, milliseconds(times.total));
  if (parts.children.length === 0) {
    for (const [name, words] of PARTS) {
      parts.append(make("span", name));
      const item = make("li", name);
      item.append(make("span", "words", words), make("span", "value"));
      legend.append(item);
    }
  }
  PARTS.forEach(([name], place) => {
    (parts.children[place] as HTMLElement).style.setProperty("flex-grow", times[name].toFixed(3));
    write(legend.children[place]!.lastElementChild!, milliseconds(times[name]));
  });
}

function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
