import torch
import torch.nn as nn
import torch.nn.functional as F


class MLP(nn.Module):
    def __init__(self, sizes=(4, 5, 3, 1)):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:]))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.tanh(layer(x))
        return self.layers[-1](x).square().mean()


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.norm = nn.BatchNorm2d(2)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(2 * 2 * 2, 3)

    def forward(self, x, target):
        h = self.pool(F.silu(self.norm(self.conv(x))))
        return F.cross_entropy(self.fc(h.flatten(1)), target)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.norm = nn.LayerNorm(4)

    def forward(self, x):
        y, weights = self.attention(x, x, x)
        return (self.norm(x + y) ** 3).mean() + (weights**2).sum()


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            4, 2, 6, dropout=0.0, activation="gelu", batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 2)

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)
        return (self.encoder(x, mask=mask, is_causal=True) ** 3).mean()


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.rnn = kind(2, 3, batch_first=True)
        self.head = nn.Linear(3, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.head(out[:, -1]).pow(2).sum()


class Norms(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.LayerNorm(6)
        self.group = nn.GroupNorm(2, 4)
        self.instance = nn.InstanceNorm1d(4, affine=True)
        self.rms = nn.RMSNorm(6)

    def forward(self, x):
        return (self.layer(x) * self.group(x) + self.rms(self.instance(x)) ** 3).mean()


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.utils.parametrizations.weight_norm(nn.Linear(3, 3))
        self.b = nn.Sequential(nn.Linear(3, 3), nn.PReLU(), nn.Dropout(0.4), nn.Linear(3, 3))
        self.scale = nn.Parameter(torch.tensor(0.5))

    def forward(self, x):
        return ((x + self.scale * self.b(F.elu(self.a(x)))) ** 2).mean()


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv1d(1, 2, 4, stride=2, padding=1)
        self.up = nn.ConvTranspose1d(2, 1, 4, stride=2, padding=1)

    def forward(self, x):
        return F.mse_loss(self.up(F.leaky_relu(self.down(x))), x)


class Embedded(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(7, 3, padding_idx=0)
        self.bag = nn.EmbeddingBag(7, 3, mode="mean")
        self.head = nn.Bilinear(3, 3, 2)

    def forward(self, tokens, target):
        x = self.words(tokens).mean(1)
        y = self.bag(tokens)
        return F.nll_loss(F.log_softmax(self.head(x, y), dim=-1), target)
