using System;

namespace Post.Office;

/// <summary>
/// Sends mail, see <see cref="Letter"/>.
/// </summary>
[Serializable]
public sealed class Mailer<T> : IMailer where T : Letter
{
    private readonly Queue<T> _queue = new();

    /// <summary>The host.</summary>
    public string Host { get; set; }

    public int Count => _queue.Count;

    /// <summary>The next letter.</summary>
    public T Next
    {
        get
        {
            return _queue.Peek();
        }
    }

    public Mailer(string host) : base(host)
    {
        Host = host;
    }

    ~Mailer()
    {
        Close();
    }

    /// <summary>Sends a letter.</summary>
    /// <param name="letter">what to send</param>
    /// <returns>whether it went out</returns>
    [Obsolete("use SendAsync")]
    public async Task<bool> Send<R>(T letter, R reason)
    {
        bool Check()
        {
            return letter != null;
        }
        return Check();
    }

    public T this[int index]
    {
        get { return _queue.ElementAt(index); }
        set { throw new NotSupportedException(); }
    }

    public static Mailer<T> operator +(Mailer<T> a, T b)
    {
        return a;
    }

    private struct Stamp
    {
        public int Price;
    }
}

public interface IMailer
{
    void Close();

    /// <summary>Opens the office.</summary>
    void Open();
}

public record Letter(string To, string Text);

public enum Speed { Slow, Fast }
