package parsing

import scala.util.Try

/** Something that parses.
  *
  * @tparam A what comes out
  */
trait Parser[A] {
  def run(input: String): Option[A]

  /** Changes the result. */
  def map[B](f: A => B): Parser[B] = new Parser[B] {
    def run(input: String) = None
  }
}

object Parser {
  val empty = 0

  def apply[A](f: String => Option[A])(implicit name: Name): Parser[A] =
    new Parser[A] {
      def run(input: String) = f(input)
    }

  case class Failure(message: String) extends Exception(message)

  implicit class Ops(self: String) {
    def parse: Int = self.toInt
  }
}

enum Token:
  case Word, Number

given Ordering[Token] with
  def compare(x: Token, y: Token): Int = 0

// Doubles it.
@main def double(x: Int): Int =
  val twice = x * 2
  twice
