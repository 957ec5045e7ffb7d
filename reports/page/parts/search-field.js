/** A field in which words find one of many: `searchField({ ... })` in a template. Arrow keys choose, Enter takes, Escape closes. */
import { html, nothing, render } from 'lit-html';
import { isAbort } from '../app/problem.js';
import { describedBy, field, invalid } from './fields.js';

/** @typedef {import('../app/names.js').Option} Option */

/**
 * @typedef {object} SearchField
 * @property {string} name
 * @property {string} label
 * @property {string} value What is chosen; empty for nothing.
 * @property {string} text How that is called.
 * @property {string} placeholder What no choice means, such as `All courses`.
 * @property {(words: string, signal: AbortSignal) => Promise<readonly Option[]>} find With no words: the first there are.
 * @property {(option: Option | undefined) => void} onChoose Undefined: no choice.
 * @property {string | undefined} [help]
 * @property {string | undefined} [problem] What is wrong with the choice.
 */

/** @param {SearchField} parts */
export const searchField = (parts) => html`<tributary-search .parts=${parts}></tributary-search>`;

class SearchElement extends HTMLElement {
  /** @type {SearchField | undefined} */
  #parts;
  /** What is typed; undefined while what is chosen is shown. @type {string | undefined} */
  #words;
  /** @type {readonly Option[]} */
  #options = [];
  #isOpen = false;
  #active = -1;
  #failed = false;
  /** What is found for the words that are typed is not known yet. */
  #isSearching = false;
  /** Enter came before what was found: the first of it is taken. */
  #takesFirst = false;
  #asking = new AbortController();

  /** @param {SearchField} parts */
  set parts(parts) {
    this.#parts = parts;
    if (this.isConnected) this.#draw();
  }

  connectedCallback() {
    this.#draw();
  }

  disconnectedCallback() {
    this.#asking.abort();
  }

  /** @param {string} words */
  async #find(words) {
    this.#asking.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#isOpen = true;
    this.#isSearching = true;
    this.#takesFirst = false;
    // What was found for other words is still shown, but taken only if it is chosen by hand.
    this.#active = -1;
    this.#draw();
    try {
      const found = (await this.#parts?.find(words, asking.signal)) ?? [];
      if (asking.signal.aborted) return;
      this.#options = found;
      this.#failed = false;
      this.#active = words === '' || this.#options.length === 0 ? -1 : 0;
    } catch (error) {
      if (isAbort(error)) return;
      this.#options = [];
      this.#failed = true;
    }
    this.#isSearching = false;
    const first = this.#takesFirst ? this.#options[this.#active] : undefined;
    this.#takesFirst = false;
    if (first === undefined) this.#draw();
    else this.#choose(first);
  }

  #close() {
    this.#asking.abort();
    this.#isOpen = false;
    this.#isSearching = false;
    this.#takesFirst = false;
    this.#active = -1;
    this.#words = undefined;
    this.#draw();
  }

  /** @param {Option | undefined} option */
  #choose(option) {
    this.#close();
    this.#parts?.onChoose(option);
  }

  /** @param {InputEvent} event */
  #typed = (event) => {
    this.#words = /** @type {HTMLInputElement} */ (event.target).value;
    void this.#find(this.#words);
  };

  /** @param {KeyboardEvent} event */
  #keyed = (event) => {
    const { key } = event;
    if (key === 'Escape' && this.#isOpen) {
      event.preventDefault();
      this.#close();
    } else if (key === 'Enter') {
      event.preventDefault();
      const option = this.#options[this.#active];
      if (this.#isOpen && option !== undefined) this.#choose(option);
      else if (this.#words === '') this.#choose(undefined);
      else this.#takesFirst = this.#isSearching;
    } else if (key === 'ArrowDown' || key === 'ArrowUp') {
      event.preventDefault();
      if (!this.#isOpen) {
        void this.#find(this.#words ?? '');
        return;
      }
      const step = key === 'ArrowDown' ? 1 : -1;
      const count = this.#options.length;
      this.#active = count === 0 ? -1 : (this.#active + step + count) % count;
      this.#draw();
      this.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
    }
  };

  #left = () => {
    // An emptied field means no choice.
    if (this.#words === '' && this.#parts?.value !== '') this.#choose(undefined);
    else if (this.#isOpen || this.#words !== undefined) this.#close();
  };

  #draw() {
    if (this.#parts === undefined) return;
    const { name, label, value, text, placeholder, help, problem } = this.#parts;
    const id = `field-${name}`;
    const isShown = this.#isOpen && (this.#options.length > 0 || !this.#isSearching);
    render(
      field({
        name,
        label,
        help,
        problem,
        control: html`<div class="search">
          <input
            id=${id}
            type="text"
            role="combobox"
            autocomplete="off"
            spellcheck="false"
            aria-expanded=${isShown}
            aria-controls="${id}-list"
            aria-autocomplete="list"
            aria-activedescendant=${this.#active < 0 ? nothing : `${id}-${this.#active}`}
            aria-describedby=${describedBy({ name, help, problem })}
            aria-invalid=${invalid({ problem })}
            placeholder=${placeholder}
            .value=${this.#words ?? text}
            @input=${this.#typed}
            @keydown=${this.#keyed}
            @click=${() => void this.#find(this.#words ?? '')}
            @blur=${this.#left}
          />
          ${value === '' ? nothing : html`<button type="button" class="search-clear" aria-label="Clear ${label.toLowerCase()}" @click=${() => this.#choose(undefined)}>×</button>`}
          <ul class="search-list" id="${id}-list" role="listbox" aria-label=${label} ?hidden=${!isShown}>
            ${this.#options.map(
              (option, at) => html`<li
                id="${id}-${at}"
                role="option"
                aria-selected=${at === this.#active}
                @mousedown=${(/** @type {Event} */ event) => event.preventDefault()}
                @click=${() => this.#choose(option)}
              >
                ${option.text}${option.more === undefined ? nothing : html`<span class="search-more">${option.more}</span>`}
              </li>`,
            )}
            ${this.#options.length > 0 || !isShown ? nothing : html`<li class="search-none" role="option" aria-disabled="true" aria-selected="false">${this.#failed ? 'The search does not answer: try again.' : 'Nothing was found.'}</li>`}
          </ul>
        </div>`,
      }),
      this,
    );
  }
}

customElements.define('tributary-search', SearchElement);
