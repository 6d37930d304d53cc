"use strict";
(() => {
  const media = JSON.parse(document.getElementById("media").textContent);
  const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
  const reach = 0.25; // s: further apart than this a player is set, nearer it is only hurried or slowed

  const attach = (video) => { if (!video.src && media[video.dataset.media]) video.src = media[video.dataset.media]; };
  const detach = (video) => { video.pause(); video.removeAttribute("src"); video.load(); };

  class Stage {
    constructor(box) {
      this.box = box;
      this.every = [...box.querySelectorAll("video")];
      this.videos = this.every;
      this.fps = Number(box.dataset.fps);
      this.frames = Number(box.dataset.frames);
      this.frame = Number(box.dataset.start);
      this.clock = this.videos.find((v) => v.dataset.part === "driver") || this.videos[0];
      this.scrub = box.querySelector(".scrub");
      this.time = box.querySelector(".time");
      this.cues = [...box.querySelectorAll(".captions span")];
      this.rate = 1;
      const traces = box.querySelector("[data-do=trace]");
      if (traces) traces.hidden = false;
      this.playing = false;
      this.controls = {};
      for (const c of box.querySelectorAll("[data-do]")) this.controls[c.dataset.do] = c;
      box.querySelector("[data-transport]").hidden = false;
      this.listen();
      this.show();
    }

    listen() {
      const on = (name, event, act) => { const c = this.controls[name]; if (c) c.addEventListener(event, () => act(c)); };
      on("play", "click", () => this.toggle());
      on("back", "click", () => this.step(-1));
      on("forth", "click", () => this.step(1));
      on("speed", "change", (c) => { this.rate = Number(c.value); for (const v of this.videos) v.playbackRate = this.rate; });
      on("sound", "change", (c) => this.listenTo(c.value));
      on("zoom", "input", (c) => this.magnify(Number(c.value)));
      on("large", "change", (c) => this.box.classList.toggle("large", c.checked));
      on("trace", "change", (c) => { for (const t of this.box.querySelectorAll("[data-trace]")) t.hidden = t.dataset.trace !== c.value; });
      on("full", "click", () => (document.fullscreenElement ? document.exitFullscreen() : this.box.requestFullscreen()));
      this.scrub.addEventListener("input", () => this.go(Number(this.scrub.value)));
      this.box.addEventListener("keydown", (event) => this.key(event));
      for (const v of this.videos) v.addEventListener("loadedmetadata", () => { if (!this.playing) this.place(v); });
      for (const svg of this.box.querySelectorAll(".trace svg")) {
        svg.addEventListener("click", (e) => {
          const r = svg.getBoundingClientRect();
          this.go(Math.round(((e.clientX - r.left) / r.width) * (this.frames - 1)));
        });
      }
      this.drag();
    }

    key(event) {
      const typing = event.target.matches("select, input[type=range]:not(.scrub)");
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      const onButton = event.target.matches("button, input[type=checkbox]");
      const acts = { ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1), Home: () => this.go(0), End: () => this.go(this.frames - 1) };
      if (!onButton) acts[" "] = () => this.toggle();
      acts.k = () => this.toggle();
      const act = acts[event.key];
      if (act) { event.preventDefault(); act(); }
    }

    // The middle of a frame, so that rounding never shows its neighbour; a shorter clip stays on its last frame.
    place(video) {
      const last = Number.isFinite(video.duration) ? Math.max(0, video.duration - 0.5 / this.fps) : Infinity;
      video.currentTime = Math.min((this.frame + 0.5) / this.fps, last);
    }

    go(frame) {
      if (this.playing) this.pause();
      this.frame = clamp(Math.round(frame), 0, this.frames - 1);
      for (const v of this.videos) this.place(v);
      this.show();
    }

    step(by) { const playing = this.playing; this.go(this.frame + by); if (playing) this.show(); }

    toggle() { if (this.playing) { this.pause(); for (const v of this.videos) this.place(v); } else this.play(); }

    async play() {
      for (const other of stages) if (other !== this && other.playing) other.pause();
      if (this.frame >= this.frames - 1) this.frame = 0;
      for (const v of this.videos) { attach(v); v.playbackRate = this.rate; this.place(v); }
      this.playing = true;
      this.look();
      await Promise.all(this.videos.map((v) => v.play().catch(() => undefined)));
      this.tick();
    }

    pause() {
      this.playing = false;
      for (const v of this.videos) v.pause();
      this.look();
    }

    look() {
      this.box.classList.toggle("playing", this.playing);
      this.controls.play.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    }

    tick() {
      if (!this.playing) return;
      const now = this.clock.currentTime;
      if (this.clock.ended || now >= (this.frames - 0.25) / this.fps) { this.end(); return; }
      this.frame = clamp(Math.floor(now * this.fps + 1e-3), 0, this.frames - 1);
      for (const v of this.videos) if (v !== this.clock && !v.ended) this.follow(v, now);
      this.show();
      const next = () => this.tick();
      if (this.clock.requestVideoFrameCallback && !document.hidden) {
        let done = false;
        const once = () => { if (!done) { done = true; next(); } };
        this.clock.requestVideoFrameCallback(once);
        setTimeout(once, 100); // a hidden or stalled clock still ends the clip
      } else setTimeout(next, 30);
    }

    follow(video, now) {
      const off = video.currentTime - now;
      if (Math.abs(off) > reach && now < video.duration) video.currentTime = now;
      const hurry = Math.abs(off) < 0.25 / this.fps ? 1 : 1 - clamp(off * 4, -0.15, 0.15);
      if (Math.abs(video.playbackRate - this.rate * hurry) > 1e-3) video.playbackRate = this.rate * hurry;
    }

    end() {
      if (this.controls.loop.checked) { this.frame = 0; this.play(); } else { this.pause(); this.go(this.frames - 1); }
    }

    // Only the methods in `names` are shown; what is not shown holds no video.
    choose(names) {
      const playing = this.playing;
      if (playing) this.pause();
      for (const v of this.every) { const t = v.closest("[data-tile]"); t.hidden = t.dataset.tile !== "" && !names.has(t.dataset.tile); }
      this.every.filter((v) => v.closest("[hidden]") === v.closest("[data-tile]") && v.src).forEach(detach);
      this.videos = this.every.filter((v) => !v.closest("[data-tile]").hidden);
      this.box.querySelector(".tiles").style.setProperty("--tiles", this.videos.length || 1);
      const sound = this.controls.sound;
      if (sound && !this.videos.some((v) => v.dataset.media === sound.value)) sound.value = "";
      this.listenTo(sound ? sound.value : "");
      if (this.near) for (const v of this.videos) attach(v);
    }

    listenTo(key) {
      let heard = false;
      for (const v of this.videos) { v.muted = heard || v.dataset.media !== key; heard = heard || !v.muted; }
      // The ear notices a jump, the eye hardly: whoever is heard is the clock, unless its clip is another one.
      const loud = this.videos.find((v) => !v.muted && v.dataset.part !== "source");
      this.clock = loud || this.videos.find((v) => v.dataset.part === "driver") || this.videos[0];
    }

    magnify(zoom) {
      this.box.style.setProperty("--zoom", zoom);
      this.box.classList.toggle("near", zoom > 1);
    }

    drag() {
      let from = null;
      const at = { x: 50, y: 45 };
      this.box.style.setProperty("--py", "45%");
      for (const frame of this.box.querySelectorAll(".frame")) {
        frame.addEventListener("pointerdown", (e) => {
          if (!this.box.classList.contains("near")) return;
          from = { x: e.clientX, y: e.clientY, px: at.x, py: at.y };
          frame.setPointerCapture(e.pointerId);
          this.box.classList.add("drag");
        });
        frame.addEventListener("pointermove", (e) => {
          if (!from) return;
          const r = frame.getBoundingClientRect();
          const zoom = Number(this.controls.zoom.value);
          at.x = clamp(from.px - (100 * (e.clientX - from.x)) / r.width / (zoom - 1 || 1), 0, 100);
          at.y = clamp(from.py - (100 * (e.clientY - from.y)) / r.height / (zoom - 1 || 1), 0, 100);
          this.box.style.setProperty("--px", `${at.x}%`);
          this.box.style.setProperty("--py", `${at.y}%`);
        });
        for (const name of ["pointerup", "pointercancel"]) {
          frame.addEventListener(name, () => { from = null; this.box.classList.remove("drag"); });
        }
      }
    }

    show() {
      const seconds = (this.frame + 0.5) / this.fps;
      this.scrub.value = this.frame;
      this.scrub.setAttribute("aria-valuetext", `frame ${this.frame + 1} of ${this.frames}`);
      this.time.textContent = `frame ${this.frame + 1} / ${this.frames} · ${(this.frame / this.fps).toFixed(2)} s`;
      for (const c of this.cues) c.classList.toggle("on", Number(c.dataset.from) <= seconds && seconds < Number(c.dataset.to));
      const x = this.frames > 1 ? (1000 * this.frame) / (this.frames - 1) : 0;
      for (const line of this.box.querySelectorAll(".cursor")) { line.setAttribute("x1", x); line.setAttribute("x2", x); }
    }
  }

  const boxes = [...document.querySelectorAll("[data-stage]")];
  const stages = boxes.map((box) => new Stage(box));

  // Browsers hold only so many open videos: those far from view are let go.
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const stage = stages[boxes.indexOf(target)];
      const videos = stage ? stage.videos : [target];
      if (stage) stage.near = isIntersecting;
      if (isIntersecting) videos.forEach(attach);
      else { if (stage && stage.playing) stage.pause(); videos.filter((v) => v.src).forEach(detach); }
    }
  }, { rootMargin: "500px 0px" });
  for (const target of [...boxes, ...document.querySelectorAll("video.timelapse")]) watch.observe(target);

  // Which methods are shown, everywhere; and of many rows, which one.
  const rows = [...document.querySelectorAll("details.row")];
  const chooser = document.getElementById("chooser");
  const picks = {};
  for (const c of chooser ? chooser.querySelectorAll("[data-pick]") : []) picks[c.dataset.pick] = c;
  const single = Object.keys(picks).length > 0;
  let shown = rows[0];

  const fill = (select, values, chosen) => {
    select.replaceChildren(...values.map((value) => new Option(value || "–", value)));
    select.value = values.includes(chosen) ? chosen : values[0];
    select.parentElement.hidden = values.length < 2 && select === picks.seed;
  };
  const unique = (values) => [...new Set(values)];
  const reveal = (row) => {
    row.open = true;
    if (!single) return;
    shown = row;
    for (const other of rows) other.hidden = other !== row;
    const inPair = rows.filter((r) => r.dataset.pair === row.dataset.pair);
    const inClip = inPair.filter((r) => r.dataset.clip === row.dataset.clip);
    fill(picks.pair, unique(rows.map((r) => r.dataset.pair)), row.dataset.pair);
    fill(picks.clip, unique(inPair.map((r) => r.dataset.clip)), row.dataset.clip);
    fill(picks.seed, inClip.map((r) => r.dataset.seed), row.dataset.seed);
  };
  const pick = () => {
    const like = ["pair", "clip", "seed"].map((name) => rows.filter((r) => r.dataset[name] === picks[name].value));
    const best = like[0].find((r) => like[1].includes(r) && like[2].includes(r)) || like[0].find((r) => like[2].includes(r)) || like[0][0];
    reveal(best);
  };
  if (chooser) {
    chooser.hidden = false;
    const boxesOf = [...chooser.querySelectorAll("[data-show]")];
    const choose = () => {
      const names = new Set(boxesOf.filter((b) => b.checked).map((b) => b.dataset.show));
      for (const s of stages) s.choose(names);
      for (const b of boxesOf) { // its lines and its legend as well
        const style = [...b.parentElement.classList].find((c) => /^k\d+$/.test(c));
        for (const line of document.querySelectorAll(`.traces polyline.${style}`)) line.style.display = b.checked ? "" : "none";
        for (const mark of document.querySelectorAll(`.tracehead .glyph.${style}`)) mark.closest(".legend").hidden = !b.checked;
      }
    };
    for (const b of boxesOf) b.addEventListener("change", choose);
    for (const [name, on] of boxesOf.length ? [["all", true], ["none", false]] : []) {
      chooser.querySelector(`[data-${name}]`).addEventListener("click", () => { for (const b of boxesOf) b.checked = on; choose(); });
    }
    if (single) {
      for (const select of Object.values(picks)) select.addEventListener("change", pick);
      for (const button of chooser.querySelectorAll("[data-step]")) {
        button.addEventListener("click", () => reveal(rows[(rows.indexOf(shown) + Number(button.dataset.step) + rows.length) % rows.length]));
      }
      reveal(rows[0]);
    }
  }

  // Every estimate can be asked for the rows of the score table that it is the mean of.
  const dialog = document.getElementById("asked");
  const ask = (span) => {
    const { names, columns } = JSON.parse(document.getElementById("rows").textContent);
    const { metric, method, other } = span.dataset;
    const family = (i) => (names.family[columns.family[i]] === "sanity") === ("sanity" in span.dataset);
    const found = columns.value.map((_, i) => i).filter((i) => names.metric[columns.metric[i]] === metric
      && [method, other].includes(names.method[columns.method[i]]) && family(i));
    const head = ["line of scores.csv", ...(other ? ["method"] : []), "source", "driver", "clip", "seed", "value", "n"];
    const cells = (i) => [i + 2, ...(other ? [names.method[columns.method[i]]] : []), ...["source", "driver", "clip"].map((c) => names[c][columns[c][i]]),
      columns.seed[i] ?? "–", columns.value[i] ?? "–", columns.n[i] ?? "–"];
    const table = document.createElement("table");
    const tr = (kind, values) => { const row = document.createElement("tr"); for (const v of values) { const c = document.createElement(kind); c.textContent = v; row.append(c); } return row; };
    table.createTHead().append(tr("th", head));
    table.createTBody().append(...found.map((i) => tr("td", cells(i))));
    document.getElementById("asked-h").textContent = `${metric}: ${method}${other ? ` − ${other}` : ""}`;
    document.getElementById("asked-what").textContent = `${found.length} rows of the score table, values to six digits. A mean is over seeds within a clip, clips within a pair, then pairs.`;
    document.getElementById("asked-rows").replaceChildren(table);
    dialog.showModal();
  };
  for (const span of dialog ? document.querySelectorAll("[data-rows]") : []) {
    span.tabIndex = 0;
    span.setAttribute("role", "button");
    span.addEventListener("click", () => ask(span));
    span.addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); ask(span); } });
  }

  for (const link of document.querySelectorAll("a[data-row]")) {
    link.addEventListener("click", () => {
      const row = document.getElementById(link.dataset.row);
      reveal(row);
      const stage = stages[boxes.indexOf(row.querySelector("[data-stage]"))];
      if (stage && !link.dataset.frame) stage.box.focus({ preventScroll: true });
      else if (stage) { stage.go(Number(link.dataset.frame)); stage.box.focus({ preventScroll: true }); }
    });
  }

  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  const links = new Map([...document.querySelectorAll(".contents li a")].map((a) => [a.hash.slice(1), a]));
  const spy = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      for (const a of links.values()) a.removeAttribute("aria-current");
      const link = links.get(target.id);
      if (link) link.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-20% 0px -75% 0px" });
  for (const section of document.querySelectorAll("main > section")) spy.observe(section);

  window.understudy = { stages, reveal };
})();
