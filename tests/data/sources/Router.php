<?php

declare(strict_types=1);

namespace App\Http;

use App\Request;

/**
 * Finds the handler of a request.
 */
#[Service]
final class Router extends Base implements Handles
{
    use Logs;

    private array $routes = [];

    public function __construct(private Request $request)
    {
        parent::__construct();
    }

    /**
     * Adds a route.
     *
     * @param string $path
     * @return static
     */
    #[Fluent]
    public function add(string $path, callable $handler): static
    {
        $this->routes[$path] = $handler;
        return $this;
    }

    abstract protected function missing(): void;
}

interface Handles
{
    /** Handles it. */
    public function handle(Request $request): void;

    public function name(): string;
}

trait Logs
{
    private function log(string $line): void
    {
        error_log($line);
    }
}

enum Method: string
{
    case Get = 'GET';

    public static function default(): self
    {
        return self::Get;
    }
}

// Joins two paths.
function join_paths(string $a, string $b): string
{
    return $a . '/' . $b;
}

$fallback = function (Request $request) {
    http_response_code(404);
    return null;
};
