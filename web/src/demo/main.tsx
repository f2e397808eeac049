import { render } from "preact";
import "../design/tokens.css";
import "./demo.css";
import { App } from "./app";
import { begin } from "./opening";

begin();

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
