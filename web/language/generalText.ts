/** Two thousand characters of plain prose, written for this purpose: how well a model predicts them shows what it forgot. */
export const GENERAL_TEXT: readonly string[] = [
  `A river begins as a thin line of water between stones. Rain falls on the hills, sinks into the ground, and comes out again lower \
down as a spring. Small streams meet and grow. In the valley the river slows, turns from side to side, and leaves sand and mud on \
its inner banks. People have always settled there, because the soil is good and boats can carry what they grow. Near the sea the \
river often splits into several arms, and the land between them is flat, green and full of birds.`,
  `Bread needs only flour, water, salt and time. The flour is mixed with water and a little yeast, and the dough is left in a warm \
place. The yeast eats the sugar in the flour and makes gas, so the dough rises. After an hour it is folded, shaped into a loaf and \
left to rise again. In the oven the gas expands, the crust turns brown, and the kitchen begins to smell. A good loaf sounds hollow \
when you knock on it. It should cool before it is cut, although hardly anybody waits that long.`,
  `In the nineteenth century most people never travelled further than a day's walk from home. The railway changed that within one \
generation. Towns that had kept their own time had to agree on a common one, because trains needed timetables. Fresh milk and \
newspapers reached the villages in the morning. Workers could live outside the city, and families could see the sea for the first \
time. Not everybody was pleased: some doctors warned that the human body was not made for such speed.`,
  `To find out whether an idea is right, scientists try to prove it wrong. They think of something that must happen if the idea is \
true, and then they look whether it does. One result is not enough, since chance plays tricks on everyone. So the test is repeated, \
by other people and in other places. If the idea survives, it is trusted a little more. If it fails, nothing is lost: a wrong idea \
that has been given up is a step forward, and often the reason why it failed is the more interesting discovery.`,
];
