import { mount } from "svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import App from "./App.svelte";
import { theme } from "./state/theme.svelte";

theme.apply();

// The index names its icon relative to the address that was opened, and browsers look for it again when that changes.
const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
icon?.setAttribute("href", icon.href);

const target = document.getElementById("app");
if (!target) {
  throw new Error("index.html has no element with the id app");
}
mount(App, { target });
