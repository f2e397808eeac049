import { begun } from "./begun";

begun();
void import("./main");
