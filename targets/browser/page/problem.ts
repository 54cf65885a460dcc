// What went wrong, in words, until it is closed or something works again.
import { find } from "./dom.ts";
import { reason } from "./words.ts";

const box = find("problem", HTMLElement);
const text = find("problem-text", HTMLElement);

/** Shows an error or a message; `about` names what it was about, where the message does not. */
export function showProblem(error: unknown, about = ""): void {
  const words = reason(error);
  text.textContent = about === "" || words.includes(about) ? words : `${about}: ${words}`;
  box.hidden = false;
  // On a phone it may lie above what is in sight.
  box.scrollIntoView({ block: "nearest" });
}

export function closeProblem(): void {
  box.hidden = true;
  text.textContent = "";
}

find("problem-close", HTMLButtonElement).addEventListener("click", closeProblem);
