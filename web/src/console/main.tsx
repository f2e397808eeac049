import { render } from "preact";
import "../design/tokens.css";
import "../demo/demo.css";
import "./console.css";
import { App } from "./app";

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
