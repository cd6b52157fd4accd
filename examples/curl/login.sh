#!/bin/sh
# A whole login at GitHub by hand: the authorization code flow of RFC 6749, each request told on stderr.
# Prints the account and its e-mail addresses.
set -eu

: "${GITHUB_CLIENT_ID:?}" "${GITHUB_CLIENT_SECRET:?}"
callback=http://127.0.0.1:8000/callback # nobody listens there: this script reads the address instead
state=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

# what the parameter NAME of the query in TEXT is
parameter() { printf '%s\n' "$2" | sed -n "s/^\(.*[?&]\)\{0,1\}$1=\([^&#]*\).*/\2/p"; }

ask() {
    echo "> $1 $2" >&2
    method=$1 url=$2
    shift 2
    curl --silent --show-error --request "$method" "$@" "$url"
}

# 1. The browser goes to the provider, somebody says who they are, and comes back with a code.
back=$(ask GET https://github.com/login/oauth/authorize --get --output /dev/null --write-out '%{redirect_url}' \
    --data-urlencode "client_id=$GITHUB_CLIENT_ID" --data-urlencode "redirect_uri=$callback" \
    --data-urlencode 'scope=user:email' --data-urlencode "state=$state")
code=$(parameter code "$back")
if [ -z "$code" ]; then
    why=$(parameter error "$back")
    echo "no code came back: ${why:-a page wants to know who signs in; say it with --as alice}" >&2
    exit 1
fi
if [ "$(parameter state "$back")" != "$state" ]; then
    echo "the state is not ours: somebody else began this login" >&2
    exit 1
fi

# 2. The application redeems the code. The secret comes from stdin, as others can read a command's arguments.
answer=$(printf 'client_secret=%s' "$GITHUB_CLIENT_SECRET" | ask POST https://github.com/login/oauth/access_token \
    --data @- --data-urlencode "client_id=$GITHUB_CLIENT_ID" --data-urlencode "code=$code" \
    --data-urlencode "redirect_uri=$callback")
token=$(parameter access_token "$answer")
if [ -z "$token" ]; then
    echo "no token: $(parameter error "$answer")" >&2
    exit 1
fi

# 3. With the token it reads who that was.
for path in user user/emails; do
    printf 'header = "Authorization: Bearer %s"\n' "$token" | ask GET "https://api.github.com/$path" --config -
    echo
done
