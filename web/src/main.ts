import { mount } from "svelte";
import "./app.css";
import { Api } from "./api";
import App from "./App.svelte";

// The page is served at <root>/admin/, so one level up is the server's root, whatever a proxy puts before it.
const api = new Api(new URL("../", document.baseURI));

const target = document.getElementById("app");
if (!target) {
  throw new Error("index.html has no element with the id app");
}
mount(App, { target, props: { api } });
