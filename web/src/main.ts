import { mount } from "svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import App from "./App.svelte";
import { theme } from "./state/theme.svelte";

theme.apply();

const target = document.getElementById("app");
if (!target) {
  throw new Error("index.html has no element with the id app");
}
mount(App, { target });
