/** What a tab keeps over its reloads. */
export function memory(kept: Record<string, string> = {}): Storage {
  const map = new Map(Object.entries(kept));
  const [get, set] = [(key: string) => map.get(key) ?? null, (key: string, value: string) => void map.set(key, value)];
  return { getItem: get, setItem: set, removeItem: (key: string) => void map.delete(key) } as unknown as Storage;
}
