// A login in a real browser, of the Express application in the folder beside this one.
import { expect, test } from "@playwright/test";

for (const provider of ["GitHub", "Google"]) {
  test(`Alice signs in with ${provider}`, async ({ page }) => {
    await page.goto("/");
    await page.getByRole("link", { name: `Sign in with ${provider}` }).click();
    expect(page.url()).toMatch(/^https:\/\/(github|accounts\.google)\.com\//);
    await page.getByLabel("Alice Archer").check();
    await page.getByRole("button", { name: "Allow" }).click();
    await expect(page.getByRole("heading", { name: "Hello, Alice Archer" })).toBeVisible();
    await expect(page.getByText("alice@example.com")).toBeVisible();
  });
}

test("somebody who denies is not signed in", async ({ page }) => {
  await page.goto("/login/github");
  await page.getByRole("button", { name: "Deny" }).click();
  await expect(page.getByRole("heading", { name: "Not signed in" })).toBeVisible();
});
