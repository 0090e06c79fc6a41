#include <vector>

namespace geo {
namespace detail {

template <typename T>
inline T square(T value) { return value * value; }

}  // namespace detail

/// A shape with an area.
class GEO_EXPORT Shape : public Base {
 public:
  /// Names the shape.
  explicit Shape(std::string name) : name_(std::move(name)) {}
  virtual ~Shape() = default;

  /// The area, in square metres.
  virtual double area() const = 0;

  bool operator==(const Shape& other) const {
    return name_ == other.name_;
  }

  enum class Unit { metre, foot };

 private:
  std::string name_;
};

/*!
 * Scales a shape.
 */
template <typename T>
class Scaler {
 public:
  T scale(const T& shape, double factor);
};

template <typename T>
T Scaler<T>::scale(const T& shape, double factor) {
  return shape * factor;
}

// Free the shape.
Shape::~Shape() {
  release();
}

const std::vector<Shape>& all_shapes() {
  static std::vector<Shape> shapes;
  return shapes;
}

using ShapeList = std::vector<Shape>;

}  // namespace geo

TEST(Shapes, AreEmptyAtFirst) {
  EXPECT_TRUE(geo::all_shapes().empty());
}
