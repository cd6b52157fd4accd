// The installed Chromium, through the proxy of `mockidp run`, with trust in its key and no other.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { defineConfig } from "@playwright/test";

const port = process.env.PORT ?? "3000";
const { HTTPS_PROXY, MOCKIDP_CHROMIUM } = process.env;
if (!HTTPS_PROXY || !MOCKIDP_CHROMIUM) throw new Error("run this as: mockidp run -- npx playwright test");

function installed(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

export default defineConfig({
  expect: { timeout: 15_000 },
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    proxy: { server: HTTPS_PROXY, bypass: "127.0.0.1,localhost" },
    launchOptions: {
      executablePath: installed("chromium", "google-chrome"), // undefined: Playwright's own
      args: MOCKIDP_CHROMIUM.split(" "),
    },
  },
  webServer: {
    command: "node app.js",
    cwd: join(__dirname, "..", "express-passport"),
    env: { PORT: port },
    url: `http://127.0.0.1:${port}/`,
  },
});
