defmodule Shop.Counter do
  @moduledoc """
  Counts what is sold.
  """

  use GenServer

  @timeout 5_000

  @doc """
  Starts a counter.

      iex> Shop.Counter.start_link(0)
  """
  @spec start_link(integer()) :: GenServer.on_start()
  def start_link(initial \\ 0), do: GenServer.start_link(__MODULE__, initial)

  @doc "Adds to the counter."
  def add(counter, amount) when amount > 0 do
    GenServer.call(counter, {:add, amount}, @timeout)
  end

  def add(_counter, 0), do: :ok

  @doc false
  def add(_counter, _amount, _reason), do: :error

  @impl true
  def init(initial), do: {:ok, initial}

  # Only for tests.
  defp reset(_state) do
    0
  end

  defmacro counted(name) do
    quote do: unquote(name)
  end

  defmodule State do
    defstruct count: 0

    def zero?(%{count: 0}), do: true
    def zero?(_), do: false
  end
end

defimpl String.Chars, for: Shop.Counter.State do
  def to_string(state) do
    "#{state.count}"
  end
end

defmodule Shop.CounterTest do
  use ExUnit.Case

  test "starts at zero" do
    assert Shop.Counter.State.zero?(%{count: 0})
  end
end
