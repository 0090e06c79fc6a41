import UIKit

/// A view that counts.
@available(iOS 13, *)
public final class CounterView<T>: UIView, Counter {
    private var count = 0

    /// What is shown.
    var title: String {
        return "\(count)"
    }

    var doubled: Int {
        get {
            count * 2
        }
        set {
            count = newValue / 2
        }
    }

    init(count: Int) {
        self.count = count
    }

    deinit {
        print("gone")
    }

    /**
     Adds to the count.

     - Parameter step: how much
     */
    @discardableResult
    func add(_ step: Int = 1) -> Int where T: Equatable {
        count += step
        return count
    }

    subscript(index: Int) -> Int {
        return count + index
    }

    static func == (a: CounterView, b: CounterView) -> Bool {
        return a.count == b.count
    }
}

extension CounterView: CustomStringConvertible where T: Hashable {
    func describe() -> String { title }
}

protocol Counter {
    /// Starts again.
    func reset()
    func stop()
}

enum Mode {
    case light
    case dark
}

typealias Handler = (Int) -> Void
