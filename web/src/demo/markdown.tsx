/** Markdown to elements: headings, lists, code, emphasis, links. What people said is text, never markup. */
import type { ComponentChildren, JSX } from "preact";

const INLINE = /(`[^`\n]+`)|(\*\*[^*\n]+\*\*)|(\*[^*\n]+\*)|(\[[^\]\n]+\]\((https?:\/\/[^\s)]+)\))/;

function inline(text: string): ComponentChildren[] {
  const out: ComponentChildren[] = [];
  let rest = text;
  for (let found = INLINE.exec(rest); found !== null; found = INLINE.exec(rest)) {
    if (found.index > 0) out.push(rest.slice(0, found.index));
    const [whole, code, strong, emphasis, link, address] = found;
    if (code !== undefined) out.push(<code>{code.slice(1, -1)}</code>);
    else if (strong !== undefined) out.push(<strong>{strong.slice(2, -2)}</strong>);
    else if (emphasis !== undefined) out.push(<em>{emphasis.slice(1, -1)}</em>);
    else if (link !== undefined && address !== undefined)
      out.push(
        <a href={address} rel="noreferrer noopener" target="_blank">
          {link.slice(1, link.indexOf("]"))}
        </a>,
      );
    rest = rest.slice(found.index + whole.length);
  }
  if (rest !== "") out.push(rest);
  return out;
}

interface Block {
  kind: "text" | "code" | "list" | "ordered" | "heading";
  lines: string[];
}

function blocks(text: string): Block[] {
  const found: Block[] = [];
  let code = false;
  for (const line of text.split("\n")) {
    const last = found[found.length - 1];
    if (line.startsWith("```")) {
      code = !code;
      if (code) found.push({ kind: "code", lines: [] });
      else found.push({ kind: "text", lines: [] });
      continue;
    }
    const kind = code ? "code" : /^\s*[-*] /.test(line) ? "list" : /^\s*\d+\. /.test(line) ? "ordered" : /^#{1,4} /.test(line) ? "heading" : "text";
    if (line.trim() === "" && !code) found.push({ kind: "text", lines: [] });
    else if (last !== undefined && last.kind === kind && kind !== "heading") last.lines.push(line);
    else found.push({ kind, lines: [line] });
  }
  return found.filter((block) => block.lines.length > 0);
}

function items(lines: readonly string[]): JSX.Element[] {
  return lines.map((line, index) => <li key={index}>{inline(line.replace(/^\s*([-*]|\d+\.) /, ""))}</li>);
}

export function Markdown({ text }: { text: string }): JSX.Element {
  return (
    <>
      {blocks(text).map((block, index) => {
        if (block.kind === "code") return <pre key={index}>{block.lines.join("\n")}</pre>;
        if (block.kind === "list") return <ul key={index}>{items(block.lines)}</ul>;
        if (block.kind === "ordered") return <ol key={index}>{items(block.lines)}</ol>;
        if (block.kind === "heading") return <h3 key={index}>{inline(block.lines[0]?.replace(/^#+ /, "") ?? "")}</h3>;
        return <p key={index}>{inline(block.lines.join("\n"))}</p>;
      })}
    </>
  );
}
