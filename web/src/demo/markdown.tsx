/**
 * Markdown to elements: headings, lists, code, emphasis, links. What people and agents said is text, never markup.
 *
 * While words come, only the last block changes: the others are the same text, and are not drawn again.
 */
import { Component, type ComponentChildren, type JSX } from "preact";

const INLINE = /(`[^`\n]+`)|(\*\*[^*\n]+\*\*)|(\*[^\s*][^*\n]*\*)|(\[[^\]\n]+\]\((https?:\/\/[^\s)]+)\))/;

function inline(text: string): ComponentChildren[] {
  const out: ComponentChildren[] = [];
  let rest = text;
  for (let found = INLINE.exec(rest); found !== null; found = INLINE.exec(rest)) {
    if (found.index > 0) out.push(rest.slice(0, found.index));
    const [all, code, strong, emphasis, link, address] = found;
    if (code !== undefined) out.push(<code>{code.slice(1, -1)}</code>);
    else if (strong !== undefined) out.push(<strong>{strong.slice(2, -2)}</strong>);
    else if (emphasis !== undefined) out.push(<em>{emphasis.slice(1, -1)}</em>);
    else if (link !== undefined && address !== undefined) out.push(linked(link.slice(1, link.indexOf("]")), address));
    rest = rest.slice(found.index + all.length);
  }
  if (rest !== "") out.push(rest);
  return out;
}

function linked(text: string, address: string): JSX.Element {
  return (
    <a href={address} rel="noreferrer noopener" target="_blank">
      {text}
    </a>
  );
}

type Kind = "text" | "code" | "list" | "ordered" | "heading";
export interface Block {
  readonly kind: Kind;
  readonly text: string;
}

const KINDS: readonly (readonly [RegExp, Kind])[] = [
  [/^\s*[-*] /, "list"],
  [/^\s*\d+\. /, "ordered"],
  [/^#{1,4} /, "heading"],
];

/** The blocks of `text`; of plain words without an empty line it is one, with every character in its place. */
export function blocksOf(text: string): Block[] {
  const found: { kind: Kind; lines: string[] }[] = [];
  let code = false;
  let apart = true;
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) {
      code = !code;
      apart = true;
      if (code) found.push({ kind: "code", lines: [] });
      continue;
    }
    if (!code && line.trim() === "" && found.length > 0) {
      apart = true;
      continue;
    }
    const kind = code ? "code" : (KINDS.find(([pattern]) => pattern.test(line))?.[1] ?? "text");
    const last = found.at(-1);
    if (last !== undefined && last.kind === kind && kind !== "heading" && (code || !apart)) last.lines.push(line);
    else if (last?.kind === "code" && code) last.lines.push(line);
    else found.push({ kind, lines: [line] });
    apart = false;
  }
  return found.map(({ kind, lines }) => ({ kind, text: lines.join("\n") }));
}

function items(text: string): JSX.Element[] {
  return text.split("\n").map((line, place) => <li key={place}>{inline(line.replace(/^\s*([-*]|\d+\.) /, ""))}</li>);
}

class BlockView extends Component<Block> {
  override shouldComponentUpdate(next: Block): boolean {
    return next.text !== this.props.text || next.kind !== this.props.kind;
  }

  override render({ kind, text }: Block): JSX.Element {
    switch (kind) {
      case "code":
        return (
          <pre tabIndex={0}>
            <code>{text}</code>
          </pre>
        );
      case "list":
        return <ul>{items(text)}</ul>;
      case "ordered":
        return <ol>{items(text)}</ol>;
      case "heading":
        return <h3>{inline(text.replace(/^#+ /, ""))}</h3>;
      case "text":
        return <p>{inline(text)}</p>;
    }
  }
}

export function Markdown({ text }: { text: string }): JSX.Element {
  return (
    <>
      {blocksOf(text).map((block, place) => (
        <BlockView key={place} {...block} />
      ))}
    </>
  );
}
