package bank;

import java.util.List;

/**
 * An account with a <b>balance</b>, see {@link Ledger}.
 */
@Entity(name = "account")
public class Account<T extends Money> implements Comparable<Account<T>> {
    private static final int LIMIT = 100;

    private T balance;

    /** Opens an account. */
    public Account(T balance) {
        this.balance = balance;
    }

    /**
     * Withdraws money.
     *
     * @param amount how much
     */
    @Override
    @Transactional
    public <R extends Receipt> R withdraw(final int amount) throws Overdrawn {
        return null;
    }

    enum State {
        OPEN {
            @Override
            boolean usable() {
                return true;
            }
        },
        CLOSED;

        boolean usable() {
            return false;
        }
    }

    interface Listener {
        void closed();

        /** Called when money moves. */
        void moved(int amount);

        default void opened() {
            moved(0);
        }
    }

    record Transfer(int from, int to) {
        Transfer {
            if (from == to) throw new IllegalArgumentException();
        }
    }

    // Annotations are types too.
    @interface Audited {
        String value() default "";
    }
}
