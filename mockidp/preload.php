<?php
// For PHP's own streams (file_get_contents, fopen, copy, libxml), which look at no proxy variable. Nothing loads this by
// itself: an application that uses them for its logins names it as `auto_prepend_file`, or requires $MOCKIDP_PHP.
//
// `https` becomes a wrapper that opens PHP's own one, with the simulator as its proxy where the host is a provider's.
// The price is why it is a choice: $http_response_header is set in here and not where the stream was opened. What tells
// the same are stream_get_meta_data()["wrapper_data"] and, from PHP 8.4 on, http_get_last_response_headers().

if (getenv('MOCKIDP_URL') && getenv('MOCKIDP_HOSTS') && !class_exists('MockidpStream', false)) {
    final class MockidpStream implements IteratorAggregate, ArrayAccess, Countable
    {
        public $context;
        private $inner;

        private static function proxied(string $url): bool
        {
            $pattern = str_replace(['\*', ','], ['[^.:]+', '|'], preg_quote(getenv('MOCKIDP_HOSTS'), '/'));
            $at = parse_url($url);
            $port = ($at['port'] ?? 443) === 443 ? '' : ":{$at['port']}";
            return (bool) preg_match("/^($pattern)$/iD", ($at['host'] ?? '') . $port);
        }

        public function stream_open(string $url, string $mode, int $options, ?string &$opened): bool
        {
            $context = $this->context ?? stream_context_get_default();
            $params = stream_context_get_params($context);
            $given = stream_context_get_options($context);
            if (self::proxied($url)) {
                $given['http']['proxy'] ??= 'tcp' . strstr(getenv('MOCKIDP_URL'), '://');
            }
            stream_wrapper_restore('https');
            try {
                $made = stream_context_create($given, array_diff_key($params, ['options' => 1]));
                $this->inner = fopen($url, $mode, false, $made);
            } finally {
                self::register();
            }
            return $this->inner !== false;
        }

        public static function register(): void
        {
            stream_wrapper_unregister('https');
            stream_wrapper_register('https', self::class, STREAM_IS_URL);
        }

        public function stream_read(int $count): string|false { return fread($this->inner, $count); }
        public function stream_eof(): bool { return feof($this->inner); }
        public function stream_stat(): array|false { return fstat($this->inner); }
        public function stream_cast(int $as) { return $this->inner; }
        public function stream_close(): void { fclose($this->inner); }
        public function url_stat(string $url, int $flags): bool { return false; }

        public function stream_set_option(int $option, int $one, ?int $two): bool
        {
            return match ($option) {
                STREAM_OPTION_BLOCKING => stream_set_blocking($this->inner, (bool) $one),
                STREAM_OPTION_READ_TIMEOUT => stream_set_timeout($this->inner, $one, $two ?? 0),
                default => false,
            };
        }

        // "wrapper_data" of a stream's meta data is this object, and has to pass for the list of headers

        private function headers(): array { return stream_get_meta_data($this->inner)['wrapper_data'] ?? []; }
        public function getIterator(): Iterator { return new ArrayIterator($this->headers()); }
        public function count(): int { return count($this->headers()); }
        public function offsetExists(mixed $at): bool { return isset($this->headers()[$at]); }
        public function offsetGet(mixed $at): mixed { return $this->headers()[$at]; }
        public function offsetSet(mixed $at, mixed $value): void { throw new LogicException('read only'); }
        public function offsetUnset(mixed $at): void { throw new LogicException('read only'); }
    }

    MockidpStream::register();
}
