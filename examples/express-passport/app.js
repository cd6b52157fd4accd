// Sign in with GitHub or Google: Express and Passport, written as for the real providers.
"use strict";

const { randomBytes } = require("node:crypto");
const express = require("express");
const session = require("express-session");
const passport = require("passport");
const { Strategy: GitHub } = require("passport-github2");
const { Strategy: Google } = require("passport-google-oauth20");

const PORT = Number(process.env.PORT || 3000);
const ORIGIN = process.env.ORIGIN || `http://127.0.0.1:${PORT}`;

function accept(accessToken, refreshToken, profile, done) {
  const email = profile.emails?.[0]?.value ?? null;
  done(null, { provider: profile.provider, id: profile.id, name: profile.displayName || profile.username, email });
}

passport.use(
  new GitHub(
    {
      clientID: process.env.GITHUB_CLIENT_ID,
      clientSecret: process.env.GITHUB_CLIENT_SECRET,
      callbackURL: `${ORIGIN}/callback/github`,
      scope: ["user:email"],
      state: true,
    },
    accept,
  ),
);
passport.use(
  new Google(
    {
      clientID: process.env.GOOGLE_CLIENT_ID,
      clientSecret: process.env.GOOGLE_CLIENT_SECRET,
      callbackURL: `${ORIGIN}/callback/google`,
      scope: ["openid", "email", "profile"],
      state: true,
      pkce: true,
    },
    accept,
  ),
);
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));

const app = express();
app.use(
  session({
    secret: process.env.SESSION_SECRET || randomBytes(32).toString("hex"),
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: "lax" },
  }),
);
app.use(passport.session());

app.get("/", (request, response) => {
  const { user } = request;
  response.send(
    user
      ? page(`<h1>Hello, ${escape(user.name)}</h1><p>${escape(user.email ?? "no e-mail address")}</p>`)
      : page(
          '<h1>Sign in</h1><p><a href="/login/github">Sign in with GitHub</a></p>' +
            '<p><a href="/login/google">Sign in with Google</a></p>',
        ),
  );
});
app.get("/me", ({ user }, response) => {
  response.status(user ? 200 : 401).json(user ?? { error: "nobody is signed in" });
});
for (const provider of ["github", "google"]) {
  app.get(`/login/${provider}`, passport.authenticate(provider));
  app.get(
    `/callback/${provider}`,
    passport.authenticate(provider, { failWithError: true }),
    (request, response) => response.redirect(303, "/"),
    (error, request, response, next) =>
      response.status(403).send(page(`<h1>Not signed in</h1><p>${escape(error.message)}</p>`)),
  );
}

function page(main) {
  return (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width, initial-scale=1">' +
    `<title>Example</title><main>${main}</main></html>`
  );
}

function escape(text) {
  return String(text).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

const server = app.listen(PORT, "127.0.0.1", (error) => {
  if (error) throw error;
  console.log(`listening at ${ORIGIN}`);
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
