# frozen_string_literal: true

require "date"

module Billing
  # An invoice.
  #
  # @see Customer
  class Invoice < Document
    TAX = 0.2

    attr_reader :lines

    # Starts empty.
    def initialize(customer, due: Date.today)
      @customer = customer
      @due = due
      @lines = []
    end

    def self.parse(text)
      new(text)
    end

    class << self
      # Finds one by number.
      def find(number)
        all.detect { |invoice| invoice.number == number }
      end
    end

    def total = lines.sum

    def ==(other)
      total == other.total
    end

    define_method(:paid?) do |on|
      on > @due
    end

    private def secret
      42
    end
  end

  Line = Struct.new(:text, :price) do
    def to_s
      "#{text}: #{price}"
    end
  end

  class Error < StandardError; end
end

=begin
Says hello.
=end
def greet(name)
  puts "Hello, #{name}"
end

greet("you")
